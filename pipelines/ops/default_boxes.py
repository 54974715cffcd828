"""Boxes of fixed places, sizes and ratios that a detector moves and scales: default boxes, anchors.

Liu et al. 2016 (SSD), arXiv:1512.02325, section 2.2; Ren et al. 2015, arXiv:1506.01497, section
3.1.1.
"""

from collections.abc import Sequence

import numpy as np

SIZES = 3  # of a level; the middle one has all ratios, the others are square
RATIOS = (2.0, 0.5)  # of width to height, besides 1
A_CELL = SIZES + len(RATIOS)


def shapes(levels: int, smallest: float, largest: float) -> np.ndarray:
    """Heights and widths (levels, A_CELL, 2), in the unit of `smallest` and `largest`.

    Sizes grow by one factor from `smallest` to `largest` over all levels. SSD's grow by a step from
    level to level, from 0.2 to 0.9 of the picture, with one size between two levels.
    """
    sides = np.geomspace(smallest, largest, levels * SIZES).reshape(levels, SIZES)
    square = np.stack([sides, sides], -1)
    roots = np.sqrt(RATIOS)
    flat = sides[:, SIZES // 2, None, None] * np.stack([1 / roots, roots], -1)
    return np.concatenate([square, flat], 1)


def default_boxes(
    image_size: int, strides: Sequence[int], smallest: float, largest: float
) -> np.ndarray:
    """float32 (A, 4) yxyx, in shares of the picture, level by level, row by row, cell by cell.

    smallest, largest: sides, as shares of the picture. Boxes may reach out of it.
    """
    made = []
    for stride, own in zip(strides, shapes(len(strides), smallest, largest), strict=True):
        count = image_size // stride
        at = (np.arange(count) + 0.5) / count
        centres = np.stack(np.meshgrid(at, at, indexing="ij"), -1).reshape(-1, 1, 2)
        boxes = np.concatenate([centres - own / 2, centres + own / 2], -1)
        made.append(boxes.reshape(-1, 4))
    return np.concatenate(made).astype(np.float32)
