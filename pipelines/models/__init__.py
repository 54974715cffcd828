"""One architecture a file, in Keras functional form."""
