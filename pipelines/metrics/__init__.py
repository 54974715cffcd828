"""One metric a file, of (targets, decoded)."""

from collections.abc import Mapping
from typing import Any

Tensor = Any  # of NumPy, or of the backend of Keras
Tensors = Mapping[str, Tensor]
