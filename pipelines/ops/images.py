"""Pictures as tensors in tf.data: resizing and random change. Batches are uint8 (B, S, S, 3)."""

import math

import tensorflow as tf

from pipelines.edge.pictures import GREY, GREY_BITS, GREY_HALF
from pipelines.ops import Tensor

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def resize(picture: Tensor, size: int) -> Tensor:
    """Antialiased bilinear: uint8 (H, W, C) -> uint8 (size, size, C).

    Within 1 grey level of Pillow's.
    """
    resized = tf.image.resize(picture, (size, size), antialias=True)
    return tf.ensure_shape(_uint8(resized), (size, size, picture.shape[-1]))


def letterbox(picture: Tensor, size: int, padding: int = 114) -> tuple[Tensor, Tensor]:
    """Scaled to fit and centred between grey bars: uint8 (H, W, 3) -> uint8 (size, size, 3), place.

    The place is that of the picture in the square: int32 (4,), ymin xmin ymax xmax in pixels. It is
    exactly that of `edge.pictures.resize(..., "letterbox")`; the pixels are within 1 grey level.
    """
    inner = _inner(picture, size)
    low = (size - inner) // 2
    resized = _uint8(tf.image.resize(picture, inner, antialias=True))
    after = size - inner - low
    bars = [[low[0], after[0]], [low[1], after[1]], [0, 0]]
    square = tf.pad(resized, bars, constant_values=padding)
    return tf.ensure_shape(square, (size, size, 3)), tf.concat([low, low + inner], 0)


def mirrored(picture: Tensor, top: Tensor, left: Tensor, side: int) -> Tensor:
    """The square of (H, W, C) at (top, left), mirrored where the picture ends -> (side, side, C).

    The edge pixel is its own neighbour.
    """
    for axis, begin in enumerate((top, left)):
        length = tf.shape(picture)[axis]
        index = (begin + tf.range(side)) % (2 * length)
        index = tf.where(index < length, index, 2 * length - 1 - index)
        picture = tf.gather(picture, index, axis=axis)
    return picture


def fitted(picture: Tensor, size: int) -> Tensor:
    """Scaled to fit, at the top left, and mirrored from there: uint8 (H, W, 3) -> (size, size, 3).

    As `edge.style_transfer.squared` does it; the pixels are within 1 grey level.
    """
    resized = _uint8(tf.image.resize(picture, _inner(picture, size), antialias=True))
    return tf.ensure_shape(mirrored(resized, 0, 0, size), (size, size, 3))


def random_affine(
    pictures: Tensor,
    seed: Tensor,
    *,
    flip: bool = False,
    shift: float = 0.0,
    zoom: float = 0.0,
    rotate: float = 0.0,
) -> Tensor:
    """One random flip, shift, zoom and rotation per picture, in one bilinear resampling.

    Edges are continued. shift: largest move as a share of the side; zoom: largest change of scale
    (0.2: 0.8 to 1.2); rotate: largest angle in degrees; seed: int (2,). Returns uint8 of the same
    shape.
    """
    if not (shift or zoom or rotate):
        return random_flip(pictures, seed) if flip else pictures
    count, side = tf.shape(pictures)[0], pictures.shape[1]
    u = tf.random.stateless_uniform((count, 5), seed, -1.0, 1.0)
    angle = u[:, 0] * (rotate * math.pi / 180)
    scale = 1.0 / (1.0 + u[:, 1] * zoom)  # the transform maps output to input
    mirror = tf.where((u[:, 2] < 0) & flip, -1.0, 1.0)
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    a, b, c, d = cos * mirror, -sin, sin * mirror, cos
    centre = (side - 1) / 2
    x = centre - (a + b) * centre + u[:, 3] * shift * side
    y = centre - (c + d) * centre + u[:, 4] * shift * side
    zero = tf.zeros_like(a)
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.stack([a, b, x, c, d, y, zero, zero], 1),
        output_shape=pictures.shape[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
    return tf.ensure_shape(moved, pictures.shape)


def grey(picture: Tensor) -> Tensor:
    """uint8 (H, W, 3) -> uint8 (H, W, 1), to the bit what `edge.pictures.grey` gives."""
    weighed = tf.reduce_sum(tf.cast(picture, tf.int32) * GREY, -1, keepdims=True)
    return tf.cast(tf.bitwise.right_shift(weighed + GREY_HALF, GREY_BITS), tf.uint8)


@tf.function(jit_compile=True)  # one pass over the pixels instead of six: 4 times as fast
def random_colour(pictures: Tensor, seed: Tensor, amount: float) -> Tensor:
    """Random brightness, contrast and saturation per picture, each by up to `amount` in [0, 1].

    uint8 in and out. Contrast keeps the mean luma, which is taken from every fourth pixel of every
    fourth row.
    """
    if not amount:
        return pictures
    u = tf.random.stateless_uniform((3, tf.shape(pictures)[0], 1, 1), seed, -amount, amount)
    contrast, saturation = 1 + u[0], 1 + u[1]
    luma = tf.constant(LUMA)
    sample = tf.cast(pictures[:, ::4, ::4], tf.float32)
    mean = tf.reduce_mean(tf.tensordot(sample, luma, 1), (1, 2))[:, None, None]
    # (B, 3, 3), columns are channels out
    mix = contrast * (saturation * tf.eye(3) + (1 - saturation) * luma[:, None])
    pixels = tf.reshape(pictures, (-1, pictures.shape[1] * pictures.shape[2], 3))
    pixels = tf.cast(pixels, tf.float32)
    changed = tf.matmul(pixels, mix) + (mean * (1 - contrast) + u[2] * 255)
    return tf.reshape(_uint8(changed), tf.shape(pictures))


@tf.function(jit_compile=True)
def random_flip(pictures: Tensor, seed: Tensor) -> Tensor:
    """Each picture mirrored left to right, or not, by an even chance. uint8 in and out."""
    chosen = tf.random.stateless_uniform((tf.shape(pictures)[0], 1, 1, 1), seed) < 0.5
    return tf.where(chosen, tf.reverse(pictures, [2]), pictures)


def random_turn(pictures: Tensor, seed: Tensor) -> Tensor:
    """Each picture turned by 0, 90, 180 or 270 degrees at random. Square, of any type."""
    quarters = tf.random.stateless_uniform((tf.shape(pictures)[0], 1, 1, 1), seed, 0, 4, tf.int32)
    for bit in (1, 2):
        pictures = tf.where(quarters // bit % 2 == 1, tf.image.rot90(pictures, bit), pictures)
    return pictures


def cut(pictures: Tensor, begin: Tensor, side: int) -> Tensor:
    """A square out of each picture (B, H, W, C) -> (B, side, side, C).

    begin: first row and column, int (B, 2).
    """
    rows, columns = (begin[:, axis, None] + tf.range(side) for axis in (0, 1))
    found = tf.gather(tf.gather(pictures, rows, batch_dims=1), columns, axis=2, batch_dims=1)
    return tf.ensure_shape(found, (pictures.shape[0], side, side, pictures.shape[-1]))


def cutout(pictures: Tensor, seed: Tensor, share: float) -> Tensor:
    """A grey square of side `share` of the picture at a random place.

    DeVries & Taylor 2017, arXiv:1708.04552.
    """
    if not share:
        return pictures
    count, side = tf.shape(pictures)[0], pictures.shape[1]
    centre = tf.random.stateless_uniform((2, count, 1), seed, 0, side)
    near = tf.abs(tf.range(side, dtype=tf.float32) + 0.5 - centre) < share * side / 2
    hole = near[0][:, :, None, None] & near[1][:, None, :, None]
    return tf.where(hole, tf.constant(127, tf.uint8), pictures)


def mixup(pictures: Tensor, targets: Tensor, seed: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    """Blends each picture and its target with the next one of the batch, by Beta(alpha, alpha).

    targets: float (B, C), one-hot or soft. Zhang et al. 2018, arXiv:1710.09412.
    """
    if not alpha:
        return pictures, targets
    count = tf.shape(pictures)[0]
    gammas = tf.random.stateless_gamma((2, count), seed, alpha) + 1e-9
    share = gammas[0] / (gammas[0] + gammas[1])
    wide = share[:, None, None, None]
    x = tf.cast(pictures, tf.float32)
    x = wide * x + (1 - wide) * tf.roll(x, 1, 0)
    return _uint8(x), share[:, None] * targets + (1 - share[:, None]) * tf.roll(targets, 1, 0)


def split_seed(seed: Tensor, count: int) -> list[Tensor]:
    """`count` independent seeds out of one: int (2,) -> list of int (2,)."""
    return tf.unstack(tf.random.experimental.stateless_split(seed, count))


def _inner(picture: Tensor, size: int) -> Tensor:
    """Height and width of a picture of any size, scaled so that the longer one is `size`."""
    sides = tf.cast(tf.shape(picture)[:2], tf.float64)
    return tf.maximum(1, tf.cast(tf.round(sides * size / tf.reduce_max(sides)), tf.int32))


def _uint8(x: Tensor) -> Tensor:
    return tf.cast(tf.clip_by_value(tf.round(x), 0, 255), tf.uint8)
