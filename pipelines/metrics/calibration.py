"""Expected calibration error: how far a model's confidence is from its accuracy."""

import keras
from keras import ops


class CalibrationError(keras.metrics.Metric):
    """Mean over equal-width bins of |accuracy - confidence|, weighted by the examples in each bin;
    in [0, 1].

    targets: (B, C) one-hot; decoded: {"probabilities": (B, C)}. Guo et al. 2017, arXiv:1706.04599,
        eq. 3, 15 bins.
    """

    def __init__(self, bins=15, name="calibration_error", **kwargs):
        super().__init__(name=name, **kwargs)
        self.bins = bins
        self.sums = self.add_variable(
            (3, bins), "zeros", name="sums"
        )  # examples, right ones, confidence

    def update_state(self, targets, decoded, sample_weight=None):
        probabilities = ops.convert_to_tensor(decoded["probabilities"])
        confidence = ops.max(probabilities, -1)
        right = ops.cast(
            ops.equal(ops.argmax(probabilities, -1), ops.argmax(targets, -1)), "float32"
        )
        # Bins are open below and closed above, (0, 1/15], (1/15, 2/15], ...
        index = ops.clip(ops.cast(ops.ceil(confidence * self.bins), "int32") - 1, 0, self.bins - 1)
        chosen = ops.one_hot(index, self.bins, dtype="float32")
        rows = ops.stack([ops.ones_like(right), right, ops.cast(confidence, "float32")])
        self.sums.assign_add(ops.matmul(rows, chosen))

    def result(self):
        count, right, confidence = self.sums[0], self.sums[1], self.sums[2]
        return ops.sum(ops.abs(right - confidence)) / ops.maximum(ops.sum(count), 1)
