"""How near pictures that were made anew are to the true ones."""

import math
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors


class Reconstruction(keras.metrics.Metric):
    """Mean squared error over all numbers, in [0, 1], and the same as PSNR in decibels.

    targets, decoded: {"image": (B, H, W, C) in [0, 1]}.
    """

    def __init__(self, name: str = "reconstruction", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.reset_state()

    def reset_state(self) -> None:
        self.total, self.count = 0.0, 0

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        difference = np.asarray(targets["image"], np.float64) - np.asarray(decoded["image"])
        self.total += float((difference**2).sum())
        self.count += difference.size

    def result(self) -> dict[str, float]:
        mse = self.total / self.count if self.count else math.nan
        return {"reconstruction_mse": mse, "psnr": -10 * math.log10(max(mse, 1e-12))}
