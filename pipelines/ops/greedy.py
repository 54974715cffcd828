"""Greedy non-maximum suppression of a fixed number of boxes, for any Keras backend and XLA."""

from keras import ops

from pipelines.ops import Tensor
from pipelines.ops import boxes as box_ops


def kept(boxes: Tensor, iou: float) -> Tensor:
    """Which of boxes (B, K, 4), the best first, greedy suppression keeps: float (B, K), 0 or 1.

    A box is kept if no kept one before it overlaps it by more than `iou`. It starts with all kept
    and applies that rule to all at once until nothing changes, at most K times (Cluster-NMS, Zheng
    et al. 2020, arXiv:2005.03572, section 4.1); the answer is that of the loop.
    """
    count = boxes.shape[1]
    places = ops.arange(count)
    is_before = ops.cast(places[:, None] < places[None, :], "float32")
    covers = ops.cast(box_ops.iou(boxes, boxes) > iou, "float32") * is_before  # (B, K, K)

    def ruled(state: Tensor) -> Tensor:
        covered = ops.matmul(state[:, None], covers)[:, 0]
        return ops.cast(covered < 0.5, "float32")

    def is_changing(state: Tensor, before: Tensor) -> Tensor:
        return ops.any(state != before)

    def step(state: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        return ruled(state), state

    every = ops.ones_like(boxes[..., 0])
    found, _ = ops.while_loop(is_changing, step, (ruled(every), every), maximum_iterations=count)
    return found


def first(boxes: Tensor, is_kept: Tensor, count: int) -> Tensor:
    """The first `count` boxes that are kept, in their order, and zeros behind the last.

    boxes: (B, K, 4); is_kept: 0 or 1, (B, K) -> (B, count, 4).
    """
    length = boxes.shape[1]
    order = is_kept * 2 * length - ops.arange(length, dtype="float32")
    taken = ops.top_k(order, count)[1]
    there = ops.take_along_axis(is_kept, taken, 1)[..., None]
    return ops.take_along_axis(boxes, taken[..., None], 1) * there
