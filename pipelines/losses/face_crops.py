"""The loss of P-, R- and O-Net on windows around faces and elsewhere (Zhang et al. 2016)."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from pipelines.ops import Tensor

FACE, PART, NONE = 0.65, 0.4, 0.3  # IoU: section III.A of the paper
MOVES = 0.5  # factor of the loss of moves: section III.C
HARD = 0.7  # share of the windows, those with the largest losses, that count: section III.B


class FaceCrops(keras.losses.Loss):
    """Cross-entropy of faces and of windows elsewhere, and squared error of the moves to a face.

    found: {"overlap": (B, W) IoU with the nearest face, "moves": (B, W, 4) to it, "real": (B, W), 0
    for a window that is none, "nets": [{"classes": (B, W, 2) logits, "moves": (B, W, 4)}]}.
    """

    def call(self, truth: Any, found: Mapping[str, Any]) -> Tensor:
        overlap, moves, real = (found[name] for name in ("overlap", "moves", "real"))
        return sum(_of_net(net, overlap, moves, real) for net in found["nets"])


def _of_net(found: Mapping[str, Tensor], overlap: Tensor, moves: Tensor, real: Tensor) -> Tensor:
    is_face = ops.cast(overlap >= FACE, real.dtype) * real
    is_none = ops.cast(overlap < NONE, real.dtype) * real
    is_near = ops.cast(overlap >= PART, real.dtype) * real
    classes = ops.cast(is_face, "int32")
    loss = keras.losses.sparse_categorical_crossentropy(classes, found["classes"], from_logits=True)
    loss = loss * (is_face + is_none)
    hard, _ = ops.top_k(loss, max(1, int(HARD * loss.shape[1])))
    count = ops.maximum(ops.sum(ops.cast(hard > 0, hard.dtype)), 1.0)
    squared = ops.sum(ops.square(found["moves"] - moves), -1) * is_near
    return ops.sum(hard) / count + MOVES * ops.sum(squared) / ops.maximum(ops.sum(is_near), 1.0)
