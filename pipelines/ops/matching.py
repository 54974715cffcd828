"""Which box answers for which object, by how much they overlap."""

from typing import NamedTuple

from keras import ops

from pipelines.ops import Tensor
from pipelines.ops import boxes as box_ops


class Match(NamedTuple):
    """For each box, all (B, A): its object, their IoU, whether it is an object's best box."""

    owner: Tensor
    overlap: Tensor
    is_best: Tensor


def match(truth: Tensor, is_object: Tensor, boxes: Tensor) -> Match:
    """Pairs `boxes` (A, 4) or (B, A, 4) with objects `truth` (B, N, 4).

    is_object: 0 or 1, (B, N). A box belongs to the object that it overlaps most; but the box that
    an object overlaps most is that object's, as long as they overlap at all (Liu et al. 2016,
    section 2.2).
    """
    overlaps = box_ops.iou(truth, boxes) * is_object[..., None]  # (B, N, A)
    best = ops.argmax(overlaps, -1)  # (B, N)
    taken = ops.one_hot(ops.cast(best, "int32"), overlaps.shape[-1], dtype=overlaps.dtype)
    taken = taken * ops.cast(overlaps > 0, overlaps.dtype)
    owner = ops.cast(ops.argmax(overlaps + 2 * taken, 1), "int32")
    overlap = ops.take_along_axis(overlaps, owner[:, None], 1)[:, 0]
    return Match(owner, overlap, ops.max(taken, 1) > 0)


def is_within(boxes: Tensor, regions: Tensor, is_region: Tensor) -> Tensor:
    """Whether the centre of each box lies in a region: bool (B, A).

    boxes: (A, 4) or (B, A, 4); regions: (B, N, 4); is_region: 0 or 1, (B, N).
    """
    inside = ops.cast(is_region, "bool")[..., None]
    for i in (0, 1):
        at = ((boxes[..., i] + boxes[..., i + 2]) / 2)[..., None, :]
        inside = inside & (at > regions[..., i, None]) & (at < regions[..., i + 2, None])
    return ops.any(inside, 1)
