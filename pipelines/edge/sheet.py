"""Pictures that were made, as people look at them: bytes, many on one sheet, and moving."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

GAP = 1  # pixels between two pictures of a sheet, white
LEAST = 128  # pixels of a side of an animation: a smaller one is enlarged by a whole factor


def shown(picture: np.ndarray) -> np.ndarray:
    """(S, S, C) in [0, 1] -> uint8 (S, S, 3), or (S, S) if it is grey."""
    values = np.clip(np.round(np.asarray(picture) * 255), 0, 255).astype(np.uint8)
    return values[:, :, 0] if values.shape[-1] == 1 else values


def grid(pictures: Sequence[np.ndarray], columns: int = 0) -> np.ndarray:
    """Pictures of one size, uint8, row by row on one sheet; columns: 0 makes it nearly square."""
    columns = columns or math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    height, width = (side + GAP for side in pictures[0].shape[:2])
    size = (rows * height - GAP, columns * width - GAP)
    made = np.full((*size, *pictures[0].shape[2:]), 255, np.uint8)
    for i, picture in enumerate(pictures):
        top, left = i // columns * height, i % columns * width
        made[top : top + height - GAP, left : left + width - GAP] = picture
    return made


def frames(pictures: Iterable[np.ndarray]) -> np.ndarray:
    """Pictures (S, S, C) in [0, 1] -> uint8 (T, H, W, 3), enlarged if they are small."""
    made = []
    for picture in pictures:
        values = np.clip(np.round(np.asarray(picture) * 255), 0, 255).astype(np.uint8)
        coloured = np.repeat(values, 3 // values.shape[-1], -1)
        factor = math.ceil(LEAST / min(coloured.shape[:2]))
        made.append(coloured.repeat(factor, 0).repeat(factor, 1))
    return np.stack(made)
