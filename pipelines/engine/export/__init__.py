"""SavedModel and TFLite files, and what goes with them."""
