"""Expected calibration error: how far a model's confidence is from its accuracy."""

from typing import Any

import keras
from keras import ops

from pipelines.metrics import Tensor, Tensors


class CalibrationError(keras.metrics.Metric):
    """Mean over bins of |accuracy - confidence|, weighted by the examples in each; in [0, 1].

    Bins have equal width. targets: (B, C) one-hot; decoded: {"probabilities": (B, C)}. Guo et al.
    2017, arXiv:1706.04599, eq. 3, 15 bins.
    """

    def __init__(self, bins: int = 15, name: str = "calibration_error", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.bins = bins
        # of examples, right ones, confidence
        self.sums = self.add_variable((3, bins), "zeros", name="sums")

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        probabilities = ops.convert_to_tensor(decoded["probabilities"])
        confidence = ops.max(probabilities, -1)
        is_right = ops.equal(ops.argmax(probabilities, -1), ops.argmax(targets, -1))
        right = ops.cast(is_right, "float32")
        # Bins are open below and closed above, (0, 1/15], (1/15, 2/15], ...
        index = ops.clip(ops.cast(ops.ceil(confidence * self.bins), "int32") - 1, 0, self.bins - 1)
        chosen = ops.one_hot(index, self.bins, dtype="float32")
        rows = ops.stack([ops.ones_like(right), right, ops.cast(confidence, "float32")])
        self.sums.assign_add(ops.matmul(rows, chosen))

    def result(self) -> Tensor:
        count, right, confidence = self.sums[0], self.sums[1], self.sums[2]
        return ops.sum(ops.abs(right - confidence)) / ops.maximum(ops.sum(count), 1)
