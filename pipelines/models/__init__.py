"""One architecture a file, in Keras functional form."""

from typing import Any

Tensor = Any  # of Keras (symbolic or not), of its backend, or of NumPy
# The package under which layers are registered with Keras. Keras names it if it cannot find a
# layer, so that it says what to do.
REGISTERED = "import pipelines.layers"
# The name of a variable that keeps what a batch has left for the next one: no weight of a net.
CARRIED = "carried"
