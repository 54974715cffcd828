"""A model that is no net: named arrays and a NumPy function of them, such as counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from pipelines.edge.litert import SERVE


class Fitted:
    """Arrays by name, found at once, and what is computed with them.

    function: (arrays, inputs, program) -> {name: array}, all of NumPy; it lies in `edge/`, as it is
    what runs on the device, too.
    """

    def __init__(self, function: Callable):
        self.function = function
        self.arrays: dict[str, np.ndarray] = {}

    def assign(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Gives the model its arrays in place of those it had."""
        self.arrays = {name: np.asarray(values) for name, values in sorted(arrays.items())}

    @property
    def weights(self) -> list[np.ndarray]:
        """The arrays, in the order of their names."""
        return list(self.arrays.values())

    def count_params(self) -> int:
        """How many numbers the arrays hold."""
        return sum(values.size for values in self.weights)

    def __call__(self, inputs: Mapping, program: str = SERVE) -> dict[str, np.ndarray]:
        return self.function(self.arrays, inputs, program)
