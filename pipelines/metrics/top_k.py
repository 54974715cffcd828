"""The share of examples whose class is among the k most probable."""

from typing import Any

import keras
from keras import ops

from pipelines.metrics import Tensor, Tensors


class TopK(keras.metrics.Mean):
    """Top-k accuracy in [0, 1]. targets: (B, C) one-hot; decoded: {"probabilities": (B, C)}."""

    def __init__(self, k: int = 5, name: str | None = None, **kwargs: Any):
        super().__init__(name=name or f"top{k}_accuracy", **kwargs)
        self.k = k

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        truth = ops.argmax(targets, -1)
        super().update_state(ops.in_top_k(truth, decoded["probabilities"], self.k))
