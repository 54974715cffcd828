"""A picture of any size seen by a model of one size: overlapping tiles whose answers are blended.

Memory holds one row of tiles at a time, whatever the picture's height.
"""

from collections.abc import Callable, Iterator

import numpy as np


def bands(
    picture: np.ndarray,
    side: int,
    run: Callable[[np.ndarray], np.ndarray],
    margin: int,
    step: int = 1,
    scale: int = 1,
) -> Iterator[tuple[int, np.ndarray]]:
    """Yields (first row, answers float32 (rows, W, C)) from top to bottom, until all rows are done.

    picture: uint8 (H, W, 3). run: uint8 (1, side, side, 3) -> (1, s * side, s * side, C), s the
        `scale`; rows and columns of the answer are s times as many.
    margin: pixels along a tile's border that count for nothing if another tile has them: with all
        that the model sees around a pixel, answers are the same as of the whole picture.
    step: tiles begin at multiples of it, as the model's strides need.
    Beyond its edges, a picture is mirrored up to a multiple of `step`, and up to `side`.
    """
    height, width = picture.shape[:2]
    rows = mirrored(height, _padded(height, side, step))
    columns = mirrored(width, _padded(width, side, step))
    tops, lefts = starts(len(rows), side, margin, step), starts(len(columns), side, margin, step)
    across = [_weights(left, side, len(columns), margin, scale) for left in lefts]
    sums = None  # of weighted answers, and of weights in the last channel
    for top, following in zip(tops, [*tops[1:], len(rows)], strict=True):
        strip = picture[rows[top : top + side]]
        down = _weights(top, side, len(rows), margin, scale)
        for left, weights in zip(lefts, across, strict=True):
            tile = np.ascontiguousarray(strip[:, columns[left : left + side]])
            weighted = _weighted(np.asarray(run(tile[None]))[0], down[:, None] * weights)
            if sums is None:
                large = scale * side, scale * len(columns), weighted.shape[-1]
                sums = np.zeros(large, np.float32)
            sums[:, scale * left : scale * (left + side)] += weighted
        done = scale * (following - top)
        count = min(done, scale * (height - top))
        if count > 0:
            finished = sums[:count, : scale * width]
            yield scale * top, finished[..., :-1] / finished[..., -1:]
        sums = np.concatenate([sums[done:], np.zeros_like(sums[:done])])


def starts(length: int, side: int, margin: int, step: int) -> list[int]:
    """Where tiles begin along an axis of `length` pixels: at least `side`, a multiple of `step`."""
    stride = max(step, (side - 2 * margin - _ramp(side, margin)) // step * step)
    return [*range(0, length - side, stride), length - side]


def grid(length: int, side: int) -> list[tuple[int, int]]:
    """Tiles that cover an axis and own each pixel once.

    [(first pixel, first pixel of its own, within the tile)]
    """
    count = -(-length // side)
    begins = [min(i * side, max(0, length - side)) for i in range(count)]
    return [(begin, i * side - begin) for i, begin in enumerate(begins)]


def _weighted(answer: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(H, W, C) times weights (H, W), which become one more channel."""
    weights = weights[:, :, None]
    return np.concatenate([weights * answer, weights], axis=-1)


def _weights(begin: int, side: int, length: int, margin: int, scale: int) -> np.ndarray:
    """A tile's weights along an axis of `length` pixels, each of which is `scale` in the answer.

    0 within the margin, then a ramp to 1; 1 up to the picture's own edge.
    """
    begin, side, length, margin = scale * begin, scale * side, scale * length, scale * margin
    place = np.arange(side) + 0.5
    rise = np.clip((place - margin) / _ramp(side, margin), 1e-6, 1)
    weights = np.ones(side)
    if begin > 0:
        weights = np.minimum(weights, rise)
    if begin + side < length:
        weights = np.minimum(weights, rise[::-1])
    return weights.astype(np.float32)


def _ramp(side: int, margin: int) -> int:
    """Pixels over which one tile gives way to the next."""
    return max(1, min(side // 8, (side - 2 * margin) // 2))


def _padded(length: int, side: int, step: int) -> int:
    return max(side, -(-length // step) * step)


def mirrored(length: int, padded: int) -> np.ndarray:
    """Indices 0 .. length - 1, then back and forth up to `padded` of them.

    The edge pixel is its own neighbour.
    """
    index = np.arange(padded) % (2 * length)
    return np.where(index < length, index, 2 * length - 1 - index)
