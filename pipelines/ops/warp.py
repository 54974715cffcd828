"""Random moves and bends of pictures, as the places they are read from.

One set of places moves picture and mask. Places: float (B, T, T, 2), row and column in the source
of each pixel of the result, in pixels.
"""

import itertools
import math

import tensorflow as tf

from pipelines.ops import Tensor

# Points a side of the coarse grid of an elastic deformation: Ronneberger et al. 2015, section 3.1.
GRID = 3


def places(
    count: int,
    side: int,
    seed: Tensor,
    *,
    within: int | None = None,
    flip: bool = False,
    turn: bool = False,
    shift: float = 0.0,
    zoom: float = 0.0,
    rotate: float = 0.0,
    elastic: float = 0.0,
) -> Tensor:
    """Random places for `count` square pictures of `side` pixels.

    With everything off, each pixel has its own place.

    within: side of the source, if that is larger: the result is a part of it, anywhere.
    flip: mirror left to right in half of the pictures; turn: by 0, 90, 180 or 270 degrees.
    shift: largest move as a share of the side; zoom: largest change of scale (0.2: 0.8 to 1.2);
    rotate: largest angle in degrees.
    elastic: standard deviation, in pixels, of the moves of a coarse grid of points, bicubic between
        them.
    seed: int (2,).
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    u = tf.random.stateless_uniform((count, 6), seeds[0], -1.0, 1.0)
    quarter = tf.floor((u[:, 5] + 1) * 2) * (math.pi / 2) if turn else 0.0
    angle = u[:, 0] * (rotate * math.pi / 180) + quarter
    scale = 1.0 / (1.0 + u[:, 1] * zoom)  # from the result to the source
    mirror = tf.where((u[:, 2] < 0) & flip, -1.0, 1.0)
    line = tf.range(side, dtype=tf.float32) - (side - 1) / 2
    y, x = tf.meshgrid(line, line, indexing="ij")

    def wide(v: Tensor) -> Tensor:
        return v[:, None, None]

    cos, sin = wide(tf.cos(angle) * scale), wide(tf.sin(angle) * scale)
    rows = cos * y + sin * x * wide(mirror) + wide(u[:, 3] * shift * side)
    columns = -sin * y + cos * x * wide(mirror) + wide(u[:, 4] * shift * side)
    found = tf.stack([rows, columns], -1) + (side - 1) / 2
    if within:
        corner = tf.random.stateless_uniform((count, 1, 1, 2), seed) * float(within - side + 1)
        found += tf.floor(corner)
    if elastic:
        moves = tf.random.stateless_normal((count, GRID, GRID, 2), seeds[1], 0.0, elastic)
        found += tf.image.resize(moves, (side, side), "bicubic")
    return tf.ensure_shape(found, (None, side, side, 2))


def take(pictures: Tensor, places: Tensor, nearest: bool = False) -> Tensor:
    """Pictures (B, S, S, C) read at `places` (B, T, T, 2), bilinear or the nearest pixel.

    They are mirrored beyond the edges. Returns (B, T, T, C) in the dtype of `pictures`, rounded if
    that is of integers.
    """
    pictures = tf.convert_to_tensor(pictures)
    side = pictures.shape[1]
    if nearest:
        return _at(pictures, tf.cast(tf.round(places), tf.int32), side)
    low = tf.floor(places)
    share = places - low
    low = tf.cast(low, tf.int32)
    down, across = (1 - share[..., 0], share[..., 0]), (1 - share[..., 1], share[..., 1])
    out = 0.0
    for dy, dx in itertools.product((0, 1), repeat=2):
        weight = down[dy] * across[dx]
        out += weight[..., None] * tf.cast(_at(pictures, low + [dy, dx], side), tf.float32)
    if pictures.dtype.is_integer:
        out = tf.clip_by_value(tf.round(out), pictures.dtype.min, pictures.dtype.max)
    shape = (pictures.shape[0], *places.shape[1:3], pictures.shape[-1])
    return tf.ensure_shape(tf.cast(out, pictures.dtype), shape)


def _at(pictures: Tensor, indices: Tensor, side: int) -> Tensor:
    # 0 1 2 2 1 0 0 1 2: the edge pixel is its own neighbour, as in tf.pad's SYMMETRIC.
    period = 2 * side
    inner = tf.math.floormod(indices, period)
    inner = tf.where(inner < side, inner, period - 1 - inner)
    return tf.gather_nd(pictures, inner, batch_dims=1)
