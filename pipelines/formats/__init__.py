"""Readers of local data and TFDS, one format a file; each yields the same examples."""
