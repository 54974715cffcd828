"""What is wrong with data, by kind."""
