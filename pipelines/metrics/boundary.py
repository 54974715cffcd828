"""Boundary F1: whether the outlines of a mask lie where they should."""

from typing import Any

import keras
import numpy as np
from scipy import ndimage

from pipelines.metrics import Tensor, Tensors
from pipelines.metrics.segmentation import ids

TOLERANCE = 0.0075  # of the picture's diagonal: Csurka et al. 2013, doi:10.5244/C.27.32, section 4


class BoundaryF1(keras.metrics.Metric):
    """`boundary_f1` in [0, 1], the mean over classes.

    That of a class is the mean over the pictures that have it, in truth or prediction.

    targets, decoded: as of `Segmentation`. A boundary pixel is right if the other mask has a
    boundary of the same class within the tolerance, at least 1 px, along both axes. Csurka et al.
    2013; deviation: a square, not a disc.
    """

    def __init__(self, classes: int, name: str = "boundary", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.classes = classes
        self.reset_state()

    def reset_state(self) -> None:
        self.totals, self.pictures = np.zeros(self.classes), np.zeros(self.classes, np.int64)

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        guesses = keras.ops.convert_to_numpy(decoded["mask"])
        for truth, guess in zip(ids(targets), guesses, strict=True):
            guess = np.where(truth < self.classes, guess, truth)
            near = max(1, round(TOLERANCE * np.hypot(*truth.shape)))
            present = np.union1d(truth, guess)
            for c in present[present < self.classes]:
                self.totals[c] += f1(truth == c, guess == c, near)
                self.pictures[c] += 1

    def result(self) -> dict:
        each = np.where(self.pictures > 0, self.totals / np.maximum(self.pictures, 1), 0.0)
        mean = each[self.pictures > 0].mean() if self.pictures.any() else 0.0
        return {"boundary_f1": mean, "per_class": {"boundary_f1": each}}


def f1(truth: np.ndarray, guess: np.ndarray, near: int) -> float:
    """F1 of the boundaries of two masks, bool (H, W), within `near` pixels.

    1 if neither has a boundary, 0 if only one has.
    """
    truth, guess = outline(truth), outline(guess)
    if not truth.any() or not guess.any():
        return float(truth.any() == guess.any())
    precision = (guess & _grown(truth, near)).sum() / guess.sum()
    recall = (truth & _grown(guess, near)).sum() / truth.sum()
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def outline(mask: np.ndarray) -> np.ndarray:
    """The pixels of a mask, bool (H, W), that have a pixel outside it on one of four sides.

    The picture's edge is no boundary.
    """
    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    return mask & ~inner


def _grown(mask: np.ndarray, near: int) -> np.ndarray:
    return ndimage.maximum_filter(mask, 2 * near + 1, mode="constant")
