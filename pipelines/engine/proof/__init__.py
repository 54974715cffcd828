"""One protocol for every model and file."""
