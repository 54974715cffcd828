"""How far numbers are from the true ones: RMSE, MAE and R2."""

import math
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors


class Errors(keras.metrics.Metric):
    """rmse and mae, in the unit of the target, and r2 = 1 - squared error / variance.

    targets: {"value": (B, 1)}; decoded: {"value": (B,)}. r2 is NaN if all true numbers are equal.
    """

    def __init__(self, name: str = "errors", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.reset_state()

    def reset_state(self) -> None:
        self.true, self.found = [], []

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        self.true.append(np.asarray(targets["value"], np.float64).ravel())
        self.found.append(np.asarray(decoded["value"], np.float64).ravel())

    def result(self) -> dict[str, float]:
        if not self.true:
            return dict.fromkeys(("rmse", "mae", "r2"), math.nan)
        true, found = np.concatenate(self.true), np.concatenate(self.found)
        squared, spread = float(((found - true) ** 2).mean()), float(true.var())
        return {
            "rmse": squared**0.5,
            "mae": float(np.abs(found - true).mean()),
            "r2": 1 - squared / spread if spread else math.nan,
        }
