"""A picture of any size seen by a model of one size: overlapping tiles whose answers are blended.

Memory holds one row of tiles at a time, whatever the picture's height.
"""

import numpy as np


def bands(picture, side, run, margin, step=1, scale=1):
    """Yields (first row, answers float32 (rows, W, C)) from top to bottom, until all rows of
    `picture` are done.

    picture: uint8 (H, W, 3). run: uint8 (1, side, side, 3) -> (1, s * side, s * side, C), s the
    `scale`; rows and columns of the answer are s times as many. margin: pixels along a tile's
    border that count for nothing where another tile has them: with all that the model sees around a
    pixel, answers are the
    same as of the whole picture. step: tiles begin at multiples of it, as the model's strides need.
    Beyond its edges, a picture is mirrored up to a multiple of `step`, and up to `side`.
    """
    height, width = picture.shape[:2]
    rows, columns = (_mirrored(length, _padded(length, side, step)) for length in (height, width))
    tops, lefts = (starts(len(axis), side, margin, step) for axis in (rows, columns))
    total = norm = None
    large, high, wide = scale * side, scale * height, scale * width
    for i, top in enumerate(tops):
        strip = picture[rows[top : top + side]]
        for left in lefts:
            answer = np.asarray(
                run(np.ascontiguousarray(strip[:, columns[left : left + side]])[None])
            )[0]
            if total is None:
                total = np.zeros((large, scale * len(columns), answer.shape[-1]), np.float32)
                norm = np.zeros((large, scale * len(columns), 1), np.float32)
            places = ((top, rows), (left, columns))
            down, across = (
                _weights(scale * at, large, scale * len(axis), scale * margin)
                for at, axis in places
            )
            weight = (down[:, None] * across)[:, :, None]
            total[:, scale * left : scale * left + large] += weight * answer
            norm[:, scale * left : scale * left + large] += weight
        done = scale * ((tops[i + 1] if i + 1 < len(tops) else len(rows)) - top)
        if top < height:
            count = min(done, high - scale * top)
            yield scale * top, total[:count, :wide] / norm[:count, :wide]
        if i + 1 < len(tops):
            for kept in (total, norm):
                kept[: large - done] = kept[done:].copy()
                kept[large - done :] = 0


def starts(length, side, margin, step):
    """Where tiles begin along an axis of `length` pixels, at least `side` and a multiple of `step`."""
    stride = max(step, (side - 2 * margin - _ramp(side, margin)) // step * step)
    return [*range(0, length - side, stride), length - side]


def grid(length, side):
    """Tiles that cover an axis and own each pixel once: [(first pixel, first pixel of its own, within the tile)]."""
    count = -(-length // side)
    begins = [min(i * side, max(0, length - side)) for i in range(count)]
    return [(begin, i * side - begin) for i, begin in enumerate(begins)]


def _weights(begin, side, length, margin):
    """A tile's weights along an axis: 0 within the margin, then a ramp to 1; 1 up to the picture's own edge."""
    place = np.arange(side) + 0.5
    rise = np.clip((place - margin) / _ramp(side, margin), 1e-6, 1)
    weights = np.ones(side)
    if begin > 0:
        weights = np.minimum(weights, rise)
    if begin + side < length:
        weights = np.minimum(weights, rise[::-1])
    return weights.astype(np.float32)


def _ramp(side, margin):
    """Pixels over which one tile gives way to the next."""
    return max(1, min(side // 8, (side - 2 * margin) // 2))


def _padded(length, side, step):
    return max(side, -(-length // step) * step)


def _mirrored(length, padded):
    """Indices 0 .. length - 1, then back and forth up to `padded` of them; the edge pixel is its own neighbour."""
    index = np.arange(padded) % (2 * length)
    return np.where(index < length, index, 2 * length - 1 - index)
