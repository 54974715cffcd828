"""One metric a file, of (targets, decoded)."""
