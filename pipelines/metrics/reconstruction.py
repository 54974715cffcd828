"""How near pictures that were made anew are to the true ones."""

import math

import keras
import numpy as np


class Reconstruction(keras.metrics.Metric):
    """Mean squared error over all numbers, in [0, 1], and the same as PSNR in decibels.

    targets, decoded: {"image": (B, H, W, C) in [0, 1]}.
    """

    def __init__(self, name="reconstruction", **kwargs):
        super().__init__(name=name, **kwargs)
        self.reset_state()

    def reset_state(self):
        self.total, self.count = 0.0, 0

    def update_state(self, targets, decoded, sample_weight=None):
        difference = np.asarray(targets["image"], np.float64) - np.asarray(decoded["image"])
        self.total += float((difference**2).sum())
        self.count += difference.size

    def result(self):
        mse = self.total / self.count if self.count else math.nan
        return {"reconstruction_mse": mse, "psnr": -10 * math.log10(max(mse, 1e-12))}
