"""How likely pictures are under a model, in nats."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors, evidence


class Likelihood(keras.metrics.Metric):
    """Means over examples of what a model says in nats, and the first one in bits per dimension.

    names: of the decoded outputs (B,) that count, of which the first is there. targets: {"image":
    (B, S, S, C)}, whose numbers are the dimensions. shades: as in `evidence.bits`.
    """

    def __init__(
        self, names: Sequence[str], shades: float = 0.0, name: str = "likelihood", **kwargs: Any
    ):
        super().__init__(name=name, **kwargs)
        self.names, self.shades = list(names), shades
        self.reset_state()

    def reset_state(self) -> None:
        self.totals: dict[str, float] = {}
        self.count, self.size = 0, 1

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        pictures = np.asarray(targets["image"])
        self.count += len(pictures)
        self.size = math.prod(pictures.shape[1:])
        for name in self.names:
            if name in decoded:
                added = float(np.sum(np.asarray(decoded[name], np.float64)))
                self.totals[name] = self.totals.get(name, 0.0) + added

    def result(self) -> dict[str, float]:
        if not self.count:
            return {self.names[0]: math.nan, "bits_per_dimension": math.nan}
        found = {name: total / self.count for name, total in self.totals.items()}
        bits = evidence.bits(found[self.names[0]], self.size, self.shades)
        return {**found, "bits_per_dimension": bits}
