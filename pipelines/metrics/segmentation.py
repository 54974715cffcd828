"""Intersection over union, Dice and pixel accuracy, all out of one confusion matrix of pixels."""

import keras
import numpy as np


class Segmentation(keras.metrics.Metric):
    """Counts of (true class, predicted class) by pixel -> `mean_iou`, `dice`, `pixel_accuracy`, and
    both per class.

    targets: ids (B, H, W), or (B, H, W, 2) with weights beside them, which do not count here;
    decoded: {"mask": (B, H, W)}. A pixel whose true id is no class is left out; a class that
    neither truth nor prediction has is left out of the means. `support` is the number of pictures
    with the class: pixels of one picture are no independent examples.
    """

    def __init__(self, classes, name="segmentation", **kwargs):
        super().__init__(name=name, **kwargs)
        self.classes = classes
        self.reset_state()

    def reset_state(self):
        # NumPy's int64: a few hundred large pictures have more pixels than int32 counts, and JAX
        # has no wider one.
        self.confusion = np.zeros((self.classes, self.classes), np.int64)
        self.support = np.zeros(self.classes, np.int64)

    def update_state(self, targets, decoded, sample_weight=None):
        for truth, guess in zip(
            ids(targets), keras.ops.convert_to_numpy(decoded["mask"]), strict=True
        ):
            counted = truth < self.classes
            cells = truth[counted].astype(np.int64) * self.classes + guess[counted]
            cells = np.bincount(cells, minlength=self.classes**2).reshape(
                self.classes, self.classes
            )
            self.confusion += cells
            self.support += cells.sum(1) > 0

    def result(self):
        right, true, guessed = (
            np.diagonal(self.confusion),
            self.confusion.sum(1),
            self.confusion.sum(0),
        )
        seen = (true + guessed) > 0
        iou, dice = _ratio(right, true + guessed - right), _ratio(2 * right, true + guessed)
        return {
            "mean_iou": _ratio(iou.sum(), seen.sum()),
            "dice": _ratio(dice.sum(), seen.sum()),
            "pixel_accuracy": _ratio(right.sum(), true.sum()),
            "per_class": {"mean_iou": iou, "dice": dice, "support": self.support},
            "matrices": {"confusion": self.confusion},
        }


def ids(targets):
    """Targets as above -> class ids (B, H, W), NumPy integers."""
    targets = keras.ops.convert_to_numpy(targets)
    return (targets[..., 0] if targets.ndim == 4 else targets).astype(np.int32)


def _ratio(a, b):
    return np.where(b > 0, a / np.maximum(b, 1), 0.0)
