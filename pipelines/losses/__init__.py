"""One loss a file, in keras.ops."""
