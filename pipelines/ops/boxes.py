"""Boxes as tensors: ymin xmin ymax xmax along the last axis, in any unit, for any Keras backend."""

import math
from collections.abc import Sequence

import numpy as np
from keras import ops

from pipelines.ops import Tensor

EPSILON = 1e-7


def area(boxes: Tensor) -> Tensor:
    """(..., 4) -> (...); a box whose corners are swapped has none."""
    return ops.prod(ops.maximum(boxes[..., 2:] - boxes[..., :2], 0.0), -1)


def intersection(a: Tensor, b: Tensor) -> Tensor:
    """Areas that boxes share, by broadcasting: (..., 4), (..., 4) -> (...)."""
    low, high = ops.maximum(a[..., :2], b[..., :2]), ops.minimum(a[..., 2:], b[..., 2:])
    sides = ops.maximum(high - low, 0.0)
    return sides[..., 0] * sides[..., 1]


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Pairwise IoU: (..., N, 4), (..., M, 4) -> (..., N, M) in [0, 1]. An empty union scores 0."""
    # Axis by axis: a broadcast (N, M, 4) would take four times the memory, and CPUs wait for it.
    sides = []
    for i in (0, 1):
        low = ops.maximum(a[..., :, None, i], b[..., None, :, i])
        high = ops.minimum(a[..., :, None, i + 2], b[..., None, :, i + 2])
        sides.append(ops.maximum(high - low, 0.0))
    shared = sides[0] * sides[1]
    union = area(a)[..., :, None] + area(b)[..., None, :] - shared
    return shared / ops.maximum(union, EPSILON)


def ciou(a: Tensor, b: Tensor) -> Tensor:
    """Complete IoU of boxes one to one: (..., 4), (..., 4) -> (...) in (-1.5, 1].

    IoU less the squared distance of the centres over the enclosing box's squared diagonal, less a
    term for the ratios of the sides, whose weight takes no gradient (Zheng et al. 2020,
    arXiv:1911.08287, section 3.4).
    """
    shared = intersection(a, b)
    plain = shared / (area(a) + area(b) - shared + EPSILON)
    low, high = ops.minimum(a[..., :2], b[..., :2]), ops.maximum(a[..., 2:], b[..., 2:])
    diagonal = ops.sum(ops.square(high - low), -1) + EPSILON
    distance = ops.sum(ops.square(a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]), -1) / 4

    def ratio(box: Tensor) -> Tensor:
        height = ops.maximum(box[..., 2] - box[..., 0], 0.0)
        return ops.arctan((box[..., 3] - box[..., 1]) / (height + EPSILON))

    v = 4 / math.pi**2 * ops.square(ratio(a) - ratio(b))
    weight = ops.stop_gradient(v / (1 - plain + v + EPSILON))
    return plain - distance / diagonal - weight * v


def anchor_points(image_size: int, strides: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Centres of the cells of all levels, row by row, and their strides.

    NumPy (A, 2) yx in pixels, and (A,).
    """
    points, steps = [], []
    for stride in strides:
        side = image_size // stride
        centres = (np.arange(side, dtype=np.float32) + 0.5) * stride
        points.append(np.stack(np.meshgrid(centres, centres, indexing="ij"), -1).reshape(-1, 2))
        steps.append(np.full(side * side, stride, np.float32))
    return np.concatenate(points), np.concatenate(steps)


def from_sides(logits: Tensor, points: Tensor, strides: Tensor) -> Tensor:
    """Distributions over the distance to each side (..., A, 4 R) -> boxes (..., A, 4) in pixels.

    Each side (top, left, bottom, right) has R logits of the distances 0..R-1, in strides; its
    distance is their mean (Li et al. 2020, arXiv:2006.04388, section 3.2).
    """
    bins = logits.shape[-1] // 4
    shape = (*ops.shape(logits)[:-1], 4, bins)
    shares = ops.softmax(ops.reshape(logits, shape), -1)
    # A sum of products, as a matrix product over R alone becomes a slow fully connected op in
    # LiteRT.
    distances = ops.sum(shares * ops.arange(bins, dtype=shares.dtype), -1) * strides[:, None]
    return ops.concatenate([points - distances[..., :2], points + distances[..., 2:]], -1)
