"""Cross-entropy of each label by itself, for examples with several labels or none."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("pipelines")
class BinaryCrossEntropy(keras.losses.Loss):
    """mean_c w_c (log(1 + exp(z_c)) - y_c z_c): targets (B, C) in [0, 1], outputs (B, 2 C) -> (B,).

    The first half of the outputs are the logits z; the rest, thresholds, is no part of it.
    smoothing: share by which targets are drawn towards one half; class_weights: one positive number
        per label, or empty for ones.
    """

    def __init__(
        self,
        smoothing: float = 0.0,
        class_weights: Sequence[float] = (),
        name: str = "binary_cross_entropy",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.smoothing, self.class_weights = smoothing, tuple(class_weights)

    def call(self, targets, outputs):
        logits = outputs[..., : targets.shape[-1]]
        targets = ops.cast(targets, logits.dtype)
        targets = targets * (1 - self.smoothing) + self.smoothing / 2
        losses = ops.softplus(logits) - targets * logits
        if self.class_weights:
            losses = losses * ops.convert_to_tensor(self.class_weights, logits.dtype)
        return ops.mean(losses, -1)

    def get_config(self) -> dict:
        own = {"smoothing": self.smoothing, "class_weights": self.class_weights}
        return {**super().get_config(), **own}
