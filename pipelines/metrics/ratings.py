"""How far predicted ratings are from the true ones: RMSE and MAE over all that are held out."""

import math
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors


class HeldErrors(keras.metrics.Metric):
    """rmse and mae, in the unit of the ratings.

    targets: (B, 2, I), ratings, and 1 where there is one; decoded: {"ratings": (B, I)}. Each rating
    counts once, so users with many count more.
    """

    def __init__(self, name: str = "errors", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.reset_state()

    def reset_state(self) -> None:
        self.squared, self.absolute, self.count = 0.0, 0.0, 0

    def update_state(self, targets: Tensor, decoded: Tensors, sample_weight: Tensor = None) -> None:
        wanted = np.asarray(targets, np.float64)
        there = wanted[:, 1] > 0
        errors = (np.asarray(decoded["ratings"], np.float64) - wanted[:, 0])[there]
        self.squared += float((errors**2).sum())
        self.absolute += float(np.abs(errors).sum())
        self.count += errors.size

    def result(self) -> dict[str, float]:
        if not self.count:
            return {"rmse": math.nan, "mae": math.nan}
        return {"rmse": (self.squared / self.count) ** 0.5, "mae": self.absolute / self.count}
