"""From what the user calls data to batches."""
