"""Random change of pictures together with their boxes, in tf.data.

Pictures are uint8 (B, S, S, 3); boxes float (B, N, 4), ymin xmin ymax xmax in [0, 1] of the square;
what else belongs to a box, such as its label, comes as `extra` (B, N, K). A box that is gone has no
area and lies behind those left.
"""

import tensorflow as tf

from pipelines.ops import Tensor

PADDING = 114  # grey of the letterbox's bars
LEAST = 1.0  # pixels of a side, below which a box has nothing left to show


def flip(pictures: Tensor, boxes: Tensor, seed: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Mirrors every other picture along `axis`: 1 top to bottom, 2 left to right."""
    yes = tf.random.stateless_uniform((tf.shape(pictures)[0],), seed) < 0.5
    pictures = tf.where(yes[:, None, None, None], tf.reverse(pictures, [axis]), pictures)
    ymin, xmin, ymax, xmax = tf.unstack(boxes, axis=-1)
    turned = (1 - ymax, xmin, 1 - ymin, xmax) if axis == 1 else (ymin, 1 - xmax, ymax, 1 - xmin)
    # A box that is gone is all zeros, and stays so.
    turned = tf.stack(turned, -1) * tf.cast(_area(boxes) > 0, boxes.dtype)[..., None]
    return pictures, tf.where(yes[:, None, None], turned, boxes)


def mosaic(
    pictures: Tensor,
    boxes: Tensor,
    extra: Tensor,
    content: Tensor,
    seed: Tensor,
    *,
    share: float,
    scale: float,
    least_visible: float,
    capacity: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """Each picture at a random scale and place; a `share` of them next to parts of three others.

    content: (B, 4) in pixels, where the picture lies in its letterbox; only that is shown.
    scale: largest random change of size (0.5: 0.5 to 1.5).
    A box of which less than `least_visible` is left is dropped. Returns pictures, boxes (B,
    capacity, 4), extra (B, capacity, K). Mosaic: Bochkovskiy et al. 2020, arXiv:2004.10934, section
    3.3.
    """
    count, side = tf.shape(pictures)[0], pictures.shape[1]
    seeds = tf.random.experimental.stateless_split(seed, 7)
    is_mosaic = tf.random.stateless_uniform((count, 1), seeds[0]) < share
    centre = tf.round(tf.random.stateless_uniform((count, 2), seeds[1], 0.25, 0.75) * side)
    # Without a mosaic the first quadrant is the whole square, and the other three have no area.
    centre = tf.where(is_mosaic, centre, float(side))
    order = tf.argsort(tf.random.stateless_uniform((count,), seeds[2]))
    place = tf.argsort(order)
    sheets, all_boxes, all_extra = [], [], []
    for i in range(4):
        # Whether this quadrant lies behind the centre, along y and along x.
        is_behind = tf.constant([bool(i & 1), bool(i & 2)])
        low = tf.where(is_behind, centre, 0.0)
        high = tf.where(is_behind, float(side), centre)
        # The i-th next in a random order, so that four different pictures meet where there are
        # four.
        source = tf.gather(order, (place + i) % count)
        u = tf.random.stateless_uniform((count, 3), seeds[3 + i])
        factor = 1 + (2 * u[:, :1] - 1) * scale
        inner = tf.cast(tf.gather(content, source), tf.float32)
        # The picture slides over its quadrant if it is the larger one, and within it if it is the
        # smaller.
        room = high - low - factor * (inner[:, 2:] - inner[:, :2])
        offset = low + u[:, 1:] * room - factor * inner[:, :2]
        sheets.append((source, factor, offset))
        moved = tf.gather(boxes, source) * side * factor[..., None]
        moved += tf.tile(offset, [1, 2])[:, None]
        cut = tf.clip_by_value(moved, tf.tile(low, [1, 2])[:, None], tf.tile(high, [1, 2])[:, None])
        lasts = _area(cut) >= least_visible * _area(moved)
        lasts &= tf.reduce_all(cut[..., 2:] - cut[..., :2] >= LEAST, -1)
        all_boxes.append(tf.where(lasts[..., None], cut / side, 0.0))
        all_extra.append(tf.gather(extra, source))
    out = _placed(pictures, *sheets[0])
    at = tf.range(side, dtype=tf.float32)
    right = at[None, None, :, None] >= centre[:, 1, None, None, None]
    below = at[None, :, None, None] >= centre[:, 0, None, None, None]

    def filled() -> Tensor:
        parts = [_placed(pictures, *sheet) for sheet in sheets[1:]]
        return tf.where(right, tf.where(below, parts[2], parts[1]), tf.where(below, parts[0], out))

    out = tf.cond(tf.reduce_any(is_mosaic), filled, lambda: out)
    kept = compact(tf.concat(all_boxes, 1), tf.concat(all_extra, 1), capacity)
    return tf.ensure_shape(out, pictures.shape), *kept


def mixup(
    pictures: Tensor, boxes: Tensor, extra: Tensor, seed: Tensor, share: float, capacity: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Blends a `share` of the pictures half and half with another; they get the boxes of both.

    Zhang et al. 2019, arXiv:1902.04103, who blend by Beta(1.5, 1.5), with its mean.
    """
    yes = tf.random.stateless_uniform((tf.shape(pictures)[0],), seed) < share
    other = tf.roll(pictures, 1, 0)
    blend = tf.cast((tf.cast(pictures, tf.uint16) + tf.cast(other, tf.uint16) + 1) // 2, tf.uint8)
    pictures = tf.where(yes[:, None, None, None], blend, pictures)
    added = tf.roll(boxes, 1, 0) * tf.cast(yes, boxes.dtype)[:, None, None]
    both = tf.concat([boxes, added], 1), tf.concat([extra, tf.roll(extra, 1, 0)], 1)
    return pictures, *compact(*both, capacity)


def compact(boxes: Tensor, extra: Tensor, capacity: int) -> tuple[Tensor, Tensor]:
    """Boxes with an area first, in their order, cut or filled up with nothing to `capacity`."""
    short = capacity - boxes.shape[1]
    if short > 0:
        boxes, extra = (tf.pad(t, [[0, 0], [0, short], [0, 0]]) for t in (boxes, extra))
    order = tf.argsort(tf.cast(_area(boxes) <= 0, tf.int32), stable=True)[:, :capacity]
    return tf.gather(boxes, order, batch_dims=1), tf.gather(extra, order, batch_dims=1)


def _placed(pictures: Tensor, source: Tensor, factor: Tensor, offset: Tensor) -> Tensor:
    """pictures[source] scaled by `factor` (B, 1) and moved by `offset` (B, 2) yx, in pixels.

    There is grey around them.
    """
    zero, inverse = tf.zeros_like(factor[:, 0]), 1 / factor[:, 0]
    # Box edges lie between pixels, whose centres the transform counts from 0: hence the halves.
    y, x = (0.5 - offset[:, 0]) * inverse - 0.5, (0.5 - offset[:, 1]) * inverse - 0.5
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.gather(pictures, source),
        transforms=tf.stack([inverse, zero, x, zero, inverse, y, zero, zero], 1),
        output_shape=pictures.shape[1:3],
        fill_value=float(PADDING),
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def _area(boxes: Tensor) -> Tensor:
    sides = tf.maximum(boxes[..., 2:] - boxes[..., :2], 0.0)
    return sides[..., 0] * sides[..., 1]
