"""Another package: a task with a method, a method for our task, a format and a data set."""
