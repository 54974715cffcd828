"""Boxes as offsets from others: how far the centre moves, and by what the sides grow.

Girshick et al. 2014, arXiv:1311.2524, appendix C. Offsets are divided by SPREADS, so that all of
them are about as large, as the code of SSD and Fast R-CNN does.
"""

import math

from keras import ops

from pipelines.ops import Tensor

SPREADS = (0.1, 0.2)  # of the centre, and of the logarithm of the sides
MOST_GROWTH = math.log(1000 / 16)  # more is no answer, but an overflow
LEAST = 1e-6  # a side that is divided by, or whose logarithm is taken


def encode(boxes: Tensor, anchors: Tensor) -> Tensor:
    """Boxes (..., 4) yxyx as offsets (..., 4) of y, x, height and width from `anchors`."""
    low, high = anchors[..., :2], anchors[..., 2:]
    size = ops.maximum(high - low, LEAST)
    wanted = ops.maximum(boxes[..., 2:] - boxes[..., :2], LEAST)
    moved = (boxes[..., :2] + boxes[..., 2:] - low - high) / 2 / size
    grown = ops.log(wanted / size)
    return ops.concatenate([moved / SPREADS[0], grown / SPREADS[1]], -1)


def decode(offsets: Tensor, anchors: Tensor) -> Tensor:
    """Offsets (..., 4) from `anchors` (..., 4) yxyx -> boxes (..., 4)."""
    low, high = anchors[..., :2], anchors[..., 2:]
    size = high - low
    centre = (low + high) / 2 + offsets[..., :2] * SPREADS[0] * size
    grown = ops.exp(ops.minimum(offsets[..., 2:] * SPREADS[1], MOST_GROWTH))
    half = size * grown / 2
    return ops.concatenate([centre - half, centre + half], -1)
