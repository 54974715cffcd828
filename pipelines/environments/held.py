"""An array that a checkpoint keeps as it keeps a variable, such as a replay memory."""

from __future__ import annotations

import numpy as np


class Held:
    """`value`, a NumPy array of a shape that does not change; read and assigned like a variable."""

    def __init__(self, shape: tuple[int, ...], dtype: str = "float32"):
        self.value = np.zeros(shape, dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def assign(self, array: np.ndarray) -> None:
        """Takes over the numbers of `array`, which has the same shape."""
        self.value[...] = array
