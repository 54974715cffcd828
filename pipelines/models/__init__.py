"""One architecture a file, in Keras functional form."""

from typing import Any

Tensor = Any  # of Keras (symbolic or not), of its backend, or of NumPy
