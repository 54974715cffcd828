"""All windows of a picture at all sizes, judged by a cascade, to the pixel as OpenCV does it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipelines.models import haar

FINE_FROM = 2.0  # factor of size from which each pixel begins a window, not every other one
BITS = 8  # of a fraction of a pixel in OpenCV's INTER_LINEAR_EXACT


class Level(NamedTuple):
    """A picture at one size, and the windows of it that pass.

    factor: of the window's sides in the picture as it was; grey: uint8 (H, W); ys, xs: int (n,).
    """

    factor: float
    grey: np.ndarray
    ys: np.ndarray
    xs: np.ndarray


def levels(cascade: haar.Cascade, grey: np.ndarray, step: float) -> Iterator[Level]:
    """What passes in uint8 (H, W), from the smallest window to the largest. step: factor of size
    from one level to the next."""
    factor = 1.0
    while min(np.array(grey.shape) - np.rint(cascade.window * factor)) >= 0:
        single = float(np.float32(factor))
        size = np.rint(np.array(grey.shape) / single).astype(int)
        small = resized(grey, size)
        yield Level(single, small, *_passing(cascade, small, 1 if single >= FINE_FROM else 2))
        factor *= step


def boxes(cascade: haar.Cascade, grey: np.ndarray, step: float) -> np.ndarray:
    """The windows that pass, int (n, 4), y x height width in pixels; those of one object are not
    joined."""
    found = [np.zeros((0, 4), int)]
    for level in levels(cascade, grey, step):
        corners = np.rint(np.stack([level.ys, level.xs], 1) * level.factor)
        sides = np.rint(cascade.window * level.factor)
        found.append(np.concatenate([corners, np.tile(sides, (len(corners), 1))], 1).astype(int))
    return np.concatenate(found)


def _passing(cascade: haar.Cascade, grey: np.ndarray, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Upper left corners of the windows that pass: ys, xs."""
    room = np.maximum(np.array(grey.shape) - cascade.window, 0)
    rows, columns = np.arange(0, room[0], stride), np.arange(0, room[1], stride)
    ys, xs = (places.ravel() for places in np.meshgrid(rows, columns, indexing="ij"))
    if not len(ys):
        return ys, xs
    passed, _ = haar.judged(cascade, haar.of_picture(grey, ys, xs))
    passed = passed.reshape(len(rows), len(columns))
    found = (passed == len(cascade.limits)) & _visited(passed == 0)
    return ys[found.ravel()], xs[found.ravel()]


def _visited(is_rejected: np.ndarray) -> np.ndarray:
    """Which windows OpenCV looks at: not the one after a window that the first stage rejects.

    is_rejected: bool (rows, columns).
    """
    seen = np.ones_like(is_rejected)
    for column in range(1, is_rejected.shape[1]):
        seen[:, column] = ~(seen[:, column - 1] & is_rejected[:, column - 1])
    return seen


def resized(grey: np.ndarray, size: np.ndarray) -> np.ndarray:
    """uint8 (H, W) -> uint8 `size`, by the nearest two pixels each way, in whole numbers.

    To the bit OpenCV's INTER_LINEAR_EXACT.
    """
    made = grey.astype(np.int64)
    for axis in (1, 0):
        made = _along(made, axis, int(size[axis]))
    return ((made + (1 << (2 * BITS - 1))) >> (2 * BITS)).astype(np.uint8)


def _along(values: np.ndarray, axis: int, wanted: int) -> np.ndarray:
    length = values.shape[axis]
    places = (np.arange(wanted) + 0.5) / (wanted / length) - 0.5
    low = np.floor(places).astype(int)
    share = np.rint((places - low) * (1 << BITS)).astype(np.int64)
    share[(low < 0) | (low >= length - 1)] = 0
    low = np.clip(low, 0, length - 1)
    after = np.minimum(low + 1, length - 1)
    along = share if axis else share[:, None]
    first, second = values.take(low, axis), values.take(after, axis)
    return first * ((1 << BITS) - along) + second * along
