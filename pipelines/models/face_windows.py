"""Windows of a picture that nets learn faces from: around its faces, proposed ones, and elsewhere.

They come out of fixed tables, moved by each picture's own boxes, so that a step follows from its
batch alone.
"""

import numpy as np
from keras import ops

from pipelines.models import Tensor
from pipelines.ops import boxes as box_ops

FACES, JITTERS, ELSEWHERE, PROPOSALS = 3, 6, 12, 16  # faces of a picture, windows of each, ...


def _jitters() -> np.ndarray:
    """(JITTERS, 3): moves y, x in sides of a box, and its size; some far off."""
    random = np.random.default_rng(0)
    moves = random.uniform(-0.2, 0.2, (JITTERS, 2))
    moves[0], moves[-1] = 0, (0.35, -0.3)
    return np.concatenate([moves, random.uniform(0.85, 1.2, (JITTERS, 1))], 1).astype(np.float32)


def _elsewhere() -> np.ndarray:
    """(ELSEWHERE, 4): squares of a picture of many sizes, yxyx in [0, 1]."""
    random = np.random.default_rng(1)
    sides = np.exp(random.uniform(np.log(0.1), np.log(0.7), (ELSEWHERE, 1)))
    low = random.uniform(0, 1, (ELSEWHERE, 2)) * (1 - sides)
    return np.concatenate([low, low + sides], 1).astype(np.float32)


def windows(boxes: Tensor, proposals: Tensor) -> Tensor:
    """Squares to learn from: boxes (B, N, 4), those without an area are none; (B, P, 4).

    (B, W, 4), ELSEWHERE of them at the end. Without a face all are elsewhere.
    """
    some = boxes[:, :FACES]
    sides = ops.max(some[..., 2:] - some[..., :2], -1, keepdims=True)
    jitters = ops.convert_to_tensor(_jitters())
    centre = (some[..., :2] + some[..., 2:]) / 2
    centre = centre[:, :, None] + jitters[:, :2] * sides[:, :, None]
    half = jitters[:, 2:] * sides[:, :, None] / 2
    near = ops.concatenate([centre - half, centre + half], -1)
    near = ops.reshape(near, (-1, some.shape[1] * JITTERS, 4))
    table = ops.convert_to_tensor(_elsewhere())[None]
    elsewhere = table + ops.zeros_like(near[:, :1, :1])
    return ops.concatenate([near, proposals[:, :PROPOSALS], elsewhere], 1)


def labelled(squares: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(best IoU (B, W), moves to that box (B, W, 4) x1 y1 x2 y2, whether a window has an area)."""
    overlap = box_ops.iou(squares, boxes)
    best = ops.cast(overlap >= ops.max(overlap, -1, keepdims=True), squares.dtype)
    best = best / ops.maximum(ops.sum(best, -1, keepdims=True), 1.0)
    nearest = best @ boxes
    sides = ops.maximum(squares[..., 2:] - squares[..., :2], 1e-6)
    moves = (nearest - squares) / ops.concatenate([sides, sides], -1)
    xyxy = ops.stack([moves[..., i] for i in (1, 0, 3, 2)], -1)
    return ops.max(overlap, -1), xyxy, ops.cast(box_ops.area(squares) > 0, squares.dtype)
