"""The share of examples whose class is among the k most probable."""

import keras
from keras import ops


class TopK(keras.metrics.Mean):
    """Top-k accuracy in [0, 1]. targets: (B, C) one-hot; decoded: {"probabilities": (B, C)}."""

    def __init__(self, k=5, name=None, **kwargs):
        super().__init__(name=name or f"top{k}_accuracy", **kwargs)
        self.k = k

    def update_state(self, targets, decoded, sample_weight=None):
        super().update_state(
            ops.in_top_k(ops.argmax(targets, -1), decoded["probabilities"], self.k)
        )
