"""Training, exact to the byte when it is killed and resumed."""
