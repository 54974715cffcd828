"""Answers: from the command line and in a browser."""
