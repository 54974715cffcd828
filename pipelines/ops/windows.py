"""Windows of one size in pixels over a pyramid of pictures, and these pictures on one sheet.

Windows: Sermanet et al. 2014 (OverFeat), arXiv:1312.6229, section 3.3. The sheet, on which all
sizes of a picture are looked at together: Iandola et al. 2014 (DenseNet), arXiv:1404.1869.
"""

import math
from collections.abc import Sequence

import numpy as np

STRIDE = 8  # pixels of a cell: a window moves by cells
SHAPES = ((4, 4), (3, 5), (5, 3))  # rows and columns of a window, in cells
SIDE = 4  # cells, of the square one
STEP = 2 ** (1 / 3)  # from a window's size to the next; squares of two in a row have an IoU of 0.63
GAP = 2  # cells between the pictures of a sheet
MOST_ENLARGED = 2  # the largest picture of a pyramid, in sides of the one given


def sides(image_size: int, smallest: float, largest: float) -> list[int]:
    """Sides in cells of the pyramid's pictures, the largest first.

    Their square windows measure from `smallest` to `largest`, shares of a picture of `image_size`
    pixels, about; a picture that is enlarged gives no more than one of twice its side.
    """
    most = max(SIDE, MOST_ENLARGED * image_size // STRIDE)
    count = 1 + math.ceil(max(0.0, math.log(largest / smallest, STEP)))
    wanted = SIDE / np.geomspace(smallest, max(smallest, largest), count)
    return sorted({min(most, max(SIDE, round(side))) for side in wanted.tolist()}, reverse=True)


def boxes(pyramid: Sequence[int]) -> np.ndarray:
    """float32 (A, 4) yxyx, in shares of the picture: each window that lies within it.

    By picture, shape, row and column. A shape is left out if the picture is too small for it.
    """
    made = []
    for side in pyramid:
        for shape in fitting(side):
            places = [np.arange(side - length + 1) for length in shape]
            low = np.stack(np.meshgrid(*places, indexing="ij"), -1).reshape(-1, 2)
            made.append(np.concatenate([low, low + shape], -1) / side)
    return np.concatenate(made).astype(np.float32)


def fitting(side: int) -> list[tuple[int, int]]:
    """The SHAPES that lie within a picture of so many cells."""
    return [shape for shape in SHAPES if max(shape) <= side]


def shelves(pyramid: Sequence[int]) -> list[list[int]]:
    """Rows of a sheet as wide as its first picture: places in `pyramid`, the largest first.

    Each picture goes into the first row that has room for it and for a gap.
    """
    rows: list[list[int]] = []
    room: list[int] = []
    for place, side in enumerate(pyramid):
        free = [i for i, left in enumerate(room) if left >= side + GAP]
        if free:
            rows[free[0]].append(place)
            room[free[0]] -= side + GAP
        else:
            rows.append([place])
            room.append(pyramid[0] - side)
    return rows
