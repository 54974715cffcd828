"""Accuracy, and precision, recall and F1 of each class, all out of one confusion matrix."""

from typing import Any

import keras
from keras import ops

from pipelines.metrics import Tensor, Tensors


class Classification(keras.metrics.Metric):
    """`accuracy`, macro averages, values per class, and the confusion matrix.

    targets: (B, C) one-hot; decoded: {"probabilities": (B, C)}. The result is a dict: scalars are
    for all examples, vectors (C,) are per class, the (C, C) `confusion` has a row per true class.
    Per-class accuracy is the share of a class's examples that were found (its recall); a ratio
    without examples counts as 0, as scikit-learn has it, and a class with neither examples nor
    predictions is left out of the macro averages.
    """

    def __init__(self, classes: int, name: str = "classification", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.classes = classes
        self.confusion = self.add_variable(
            (classes, classes), "zeros", dtype="int32", name="confusion"
        )

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        truth = ops.argmax(targets, -1)
        guess = ops.argmax(decoded["probabilities"], -1)
        cell = ops.cast(truth * self.classes + guess, "int32")
        counts = ops.bincount(cell, minlength=self.classes**2)
        counts = ops.reshape(counts, (self.classes, self.classes))
        self.confusion.assign_add(ops.cast(counts, "int32"))

    def result(self) -> dict:
        counts = ops.cast(self.confusion, "float32")
        right, support, guessed = ops.diagonal(counts), ops.sum(counts, 1), ops.sum(counts, 0)
        recall, precision = _ratio(right, support), _ratio(right, guessed)
        f1 = _ratio(2 * right, support + guessed)
        seen = ops.cast(support + guessed > 0, "float32")
        return {
            "accuracy": _ratio(ops.sum(right), ops.sum(counts)),
            "macro_precision": _ratio(ops.sum(precision * seen), ops.sum(seen)),
            "macro_recall": _ratio(ops.sum(recall * seen), ops.sum(seen)),
            "macro_f1": _ratio(ops.sum(f1 * seen), ops.sum(seen)),
            "per_class": {
                "accuracy": recall,
                "precision": precision,
                "recall": recall,
                "f1": f1,
                "support": support,
            },
            "matrices": {"confusion": self.confusion},
        }


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    return ops.where(b > 0, a / ops.maximum(b, 1), 0.0)
