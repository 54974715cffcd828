"""Data, training, evaluation, export and proof. The engine knows no task by name."""
