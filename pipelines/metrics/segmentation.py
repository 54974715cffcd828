"""Intersection over union, Dice and pixel accuracy, all out of one confusion matrix of pixels."""

from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors


class Segmentation(keras.metrics.Metric):
    """`mean_iou`, `dice` and `pixel_accuracy`; the first two per class as well.

    targets: ids (B, H, W), or (B, H, W, 2) with weights next to them, which do not count here;
    decoded: {"mask": (B, H, W)}. A pixel whose true id is no class is left out; a class that
    neither truth nor prediction has is left out of the means. `support` is the number of pictures
    with the class: pixels of one picture are no independent examples.
    """

    def __init__(self, classes: int, name: str = "segmentation", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.classes = classes
        self.reset_state()

    def reset_state(self) -> None:
        # NumPy's int64: a few hundred large pictures have more pixels than int32 counts, and JAX
        # has no wider one.
        self.confusion = np.zeros((self.classes, self.classes), np.int64)
        self.support = np.zeros(self.classes, np.int64)

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        guesses = keras.ops.convert_to_numpy(decoded["mask"])
        for truth, guess in zip(ids(targets), guesses, strict=True):
            counted = truth < self.classes
            cells = truth[counted].astype(np.int64) * self.classes + guess[counted]
            counts = np.bincount(cells, minlength=self.classes**2)
            counts = counts.reshape(self.classes, self.classes)
            self.confusion += counts
            self.support += counts.sum(1) > 0

    def result(self) -> dict:
        right = np.diagonal(self.confusion)
        true, guessed = self.confusion.sum(1), self.confusion.sum(0)
        seen = (true + guessed) > 0
        iou, dice = _ratio(right, true + guessed - right), _ratio(2 * right, true + guessed)
        return {
            "mean_iou": _ratio(iou.sum(), seen.sum()),
            "dice": _ratio(dice.sum(), seen.sum()),
            "pixel_accuracy": _ratio(right.sum(), true.sum()),
            "per_class": {"mean_iou": iou, "dice": dice, "support": self.support},
            "matrices": {"confusion": self.confusion},
        }


def ids(targets: Tensor) -> np.ndarray:
    """Targets as above -> class ids (B, H, W), NumPy integers."""
    targets = keras.ops.convert_to_numpy(targets)
    return (targets[..., 0] if targets.ndim == 4 else targets).astype(np.int32)


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(b > 0, a / np.maximum(b, 1), 0.0)
