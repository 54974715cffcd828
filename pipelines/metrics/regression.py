"""How far numbers are from the true ones: RMSE, MAE and R2."""

import math
from collections.abc import Collection, Sequence
from typing import Any

import keras
import numpy as np

from pipelines.edge import numbers as edge
from pipelines.metrics import Tensor, Tensors


class Errors(keras.metrics.Metric):
    """rmse and mae, in the unit of the target, and r2 = 1 - squared error / variance.

    names: of the numbers; angles: those that are degrees, whose errors go the shorter way round and
    whose variance is about their direction. targets: (B, K), and decoded: {"value": (B, K)}, as
    `edge.numbers` has them. Of several numbers each score is the mean, and `per_class` has each by
    itself. r2 is NaN if all true numbers are equal.
    """

    def __init__(
        self,
        names: Sequence[str] = ("value",),
        angles: Collection[str] = (),
        name: str = "errors",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.names, self.angles = list(names), angles
        self.reset_state()

    def reset_state(self) -> None:
        self.true, self.found = [], []

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        self.true.append(np.asarray(targets, np.float64))
        self.found.append(np.asarray(decoded["value"], np.float64))

    def result(self) -> dict:
        if not self.true:
            return dict.fromkeys(("rmse", "mae", "r2"), math.nan)
        true, found = (
            edge.unrolled(np.concatenate(parts), self.names, self.angles)
            for parts in (self.true, self.found)
        )
        columns = [self._errors(i, true[:, i], found[:, i]) for i in range(len(self.names))]
        every = {key: np.array([own[key] for own in columns]) for key in ("rmse", "mae", "r2")}
        means = {key: float(values.mean()) for key, values in every.items()}
        return means | ({"per_class": every, "labels": self.names} if len(columns) > 1 else {})

    def _errors(self, i: int, true: np.ndarray, found: np.ndarray) -> dict[str, float]:
        """Of one number."""
        is_angle = self.names[i] in self.angles
        gaps = edge.apart(found, true, is_angle)
        squared, spread = float((gaps**2).mean()), float((edge.away(true, is_angle) ** 2).mean())
        return {
            "rmse": squared**0.5,
            "mae": float(np.abs(gaps).mean()),
            "r2": 1 - squared / spread if spread else math.nan,
        }
