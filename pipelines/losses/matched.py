"""The loss of boxes that are moved towards objects: class by cross-entropy, place by smooth L1.

Liu et al. 2016 (SSD), arXiv:1512.02325, section 2.2. Faster R-CNN has it twice: of anchors, and of
proposals (Ren et al. 2015, arXiv:1506.01497, eq. 1).
"""

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from pipelines.losses import hard_negatives
from pipelines.losses.smooth_l1 import smooth_l1
from pipelines.ops import Tensor, matching, offsets

BACKGROUND = 0  # the class of a box without an object; object classes come behind it


@dataclass(frozen=True)
class Rule:
    """Which boxes are positive: of an IoU of `positive` with their object; background is below
    `negative`. has_best: whether the best box of each object is positive, too."""

    positive: float
    negative: float
    has_best: bool = True


def loss(
    logits: Tensor,
    moves: Tensor | None,
    boxes: Tensor,
    targets: Any,
    rule: Rule,
    has_classes: bool = True,
) -> Tensor:
    """One number: both terms, summed over a batch and divided by its positives, or 1.

    logits: (B, A, C + 1), the first is background; moves: offsets (B, A, 4) from `boxes`, which are
    (A, 4) or (B, A, 4) yxyx, or None if boxes stay where they are; targets: {"boxes": (B, N, 4),
    "labels": (B, N), -1 for no box, "crowd": (B, N)}. has_classes: if not, there is one class,
    object. Background in a crowd does not count.
    """
    labels = ops.cast(targets["labels"], "int32")
    truth, crowd = ops.cast(targets["boxes"], "float32"), ops.cast(targets["crowd"], "float32")
    is_object = ops.cast(labels >= 0, "float32") * (1 - crowd)
    found = matching.match(truth, is_object, boxes)
    is_positive = found.overlap >= rule.positive
    if rule.has_best:
        is_positive = is_positive | found.is_best
    is_negative = ~is_positive & (found.overlap < rule.negative)
    is_negative = is_negative & ~matching.is_within(boxes, truth, crowd)
    own = ops.take_along_axis(labels, found.owner, 1) + 1 if has_classes else 1
    wanted = ops.where(is_positive, own, BACKGROUND)
    wrong = -ops.take_along_axis(
        ops.log_softmax(ops.cast(logits, "float32"), -1), wanted[..., None], -1
    )[..., 0]
    counted = hard_negatives.hardest(wrong, is_positive, is_negative)
    positive = ops.cast(is_positive, "float32")
    lost = wrong * counted
    if moves is not None:
        place = ops.take_along_axis(truth, found.owner[..., None], 1)
        place = ops.stop_gradient(offsets.encode(place, boxes))
        away = ops.sum(smooth_l1(ops.cast(moves, "float32") - place), -1)
        lost = lost + away * positive
    return ops.sum(lost) / ops.maximum(ops.sum(positive), 1.0)


class DefaultBoxLoss(keras.losses.Loss):
    """The loss of default boxes (A, 4): targets as `loss` takes them, outputs {"classes":
    logits (B, A, C + 1), "offsets": (B, A, 4), if they move} -> one number a batch."""

    def __init__(self, boxes, rule, name="default_boxes", **kwargs):
        super().__init__(name=name, **kwargs)
        self._boxes, self._rule = boxes, rule

    def call(self, targets, outputs):
        return loss(outputs["classes"], outputs.get("offsets"), self._boxes, targets, self._rule)
