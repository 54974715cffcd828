"""How much of the boxes that are there is missed: 0 if each is found with a score of 1."""

from collections.abc import Mapping

import keras
from keras import ops

from pipelines.ops import Tensor
from pipelines.ops import boxes as box_ops

NEAR = 0.4  # IoU from which a box counts as found


class MissedBoxes(keras.losses.Loss):
    """truth: {"boxes": (B, N, 4), "labels": (B, N), -1 for none}; found: {"boxes": (B, K, 4),
    "scores": (B, K) in [0, 1]} -> mean of 1 less the best score near each true box."""

    def call(self, truth: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> Tensor:
        is_there = ops.cast(truth["labels"] >= 0, "float32")
        is_near = ops.cast(box_ops.iou(truth["boxes"], found["boxes"]) >= NEAR, "float32")
        best = ops.max(is_near * found["scores"][:, None, :], -1)
        return ops.sum((1 - best) * is_there) / ops.maximum(ops.sum(is_there), 1.0)
