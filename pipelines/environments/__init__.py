"""Worlds in which agents learn; each is a `Source`."""
