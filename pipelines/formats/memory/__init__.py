"""Data that a program holds in memory: arrays, lists, tables and streams, read as files are."""
