"""Sections of benchmarks/generation.py, one a file."""
