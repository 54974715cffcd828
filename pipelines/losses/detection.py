"""The loss of a one-stage, anchor-free detector: which cell answers for which object, and how far
off it is."""

import keras
from keras import ops

from pipelines.ops import boxes as box_ops

CLASS_GAIN, BOX_GAIN, SIDES_GAIN = (
    0.5,
    7.5,
    1.5,
)  # as in YOLOv8, github.com/ultralytics/ultralytics, default.yaml
ALPHA, BETA, TOP = (
    0.5,
    6.0,
    10,
)  # Feng et al. 2021 (TOOD), arXiv:2108.07755, section 3.2, with YOLOv8's alpha
AT_ONCE = 500_000  # objects times cells: with more, pictures are assigned one by one
# Strides of the finest level: an object smaller than that still has a cell to answer for it.
NEAR = 1.5


@keras.saving.register_keras_serializable("pipelines")
class DetectionLoss(keras.losses.Loss):
    """Class scores by BCE or focal loss, boxes by CIoU, sides by the distribution focal loss -> one
    number a batch.

    targets: {"boxes": (B, N, 4) in [0, 1], "labels": (B, N), -1 where there is no box, "crowd": (B,
        N)};
    outputs: {"classes": (B, A, C) logits, "sides": (B, A, 4 R) logits}. Each term is summed over
    the cells and divided by the sum of the class targets in the batch, or 1 if that is less.
    """

    def __init__(self, image_size, strides, focal=0.0, name="detection", **kwargs):
        super().__init__(name=name, **kwargs)
        self.image_size, self.strides, self.focal = image_size, tuple(strides), focal
        self._points, self._steps = box_ops.anchor_points(image_size, self.strides)

    def call(self, targets, outputs):
        logits, sides = (
            ops.cast(outputs["classes"], "float32"),
            ops.cast(outputs["sides"], "float32"),
        )
        truth = ops.cast(targets["boxes"], "float32") * self.image_size
        labels = ops.cast(targets["labels"], "int32")
        is_crowd = ops.cast(targets["crowd"], "float32")
        is_object = ops.cast(labels >= 0, "float32") * (1 - is_crowd)
        found = box_ops.from_sides(sides, self._points, self._steps)
        box, label, quality, near_crowd = self._assigned(
            ops.stop_gradient(ops.sigmoid(logits)),
            ops.stop_gradient(found),
            truth,
            ops.maximum(labels, 0),
            is_object,
            is_crowd,
        )
        wanted = ops.one_hot(ops.cast(label, "int32"), logits.shape[-1]) * quality[..., None]
        total = ops.maximum(ops.sum(quality), 1.0)
        counted = ops.cast(
            (near_crowd == 0) | (quality > 0), "float32"
        )  # within a crowd nothing is wrong
        class_loss = ops.sum(self._class_loss(wanted, logits) * counted[..., None])
        box_loss = ops.sum((1 - box_ops.ciou(found, box)) * quality)
        sides_loss = ops.sum(self._sides_loss(box, sides) * quality)
        return (CLASS_GAIN * class_loss + BOX_GAIN * box_loss + SIDES_GAIN * sides_loss) / total

    def _assigned(self, *batch):
        """What `assign` gives; of many objects picture by picture, for which memory is enough."""
        scores, _, truth, *_ = batch
        rest = self._points, NEAR * self.strides[0]
        if truth.shape[1] * scores.shape[1] <= AT_ONCE:
            return assign(*batch, *rest)

        def alone(picture):
            made = assign(*(value[None] for value in picture), *rest)
            return tuple(value[0] for value in made)

        return ops.map(alone, batch)

    def _class_loss(self, wanted, logits):
        """Binary cross-entropy of soft targets, weighed by |target - score|^focal (Li et al. 2020,
        eq. 6)."""
        loss = ops.maximum(logits, 0) - logits * wanted + ops.softplus(-ops.abs(logits))
        if self.focal:
            loss = loss * ops.power(
                ops.abs(wanted - ops.sigmoid(logits)) + box_ops.EPSILON, self.focal
            )
        return loss

    def _sides_loss(self, box, sides):
        """Cross-entropy to the two distances around the true one, by how near they are (Li et al.
        2020, eq. 6)."""
        bins = sides.shape[-1] // 4
        distance = ops.concatenate([self._points - box[..., :2], box[..., 2:] - self._points], -1)
        distance = ops.clip(distance / self._steps[:, None], 0.0, bins - 1.01)
        # A triangle of width 1 around the distance weighs both neighbours at once, and all other
        # bins 0.
        shares = ops.maximum(
            1 - ops.abs(distance[..., None] - ops.arange(bins, dtype="float32")), 0.0
        )
        logits = ops.reshape(sides, (*ops.shape(sides)[:-1], 4, bins))
        return -ops.mean(ops.sum(shares * ops.log_softmax(logits, -1), -1), -1)

    def get_config(self):
        return {
            **super().get_config(),
            "image_size": self.image_size,
            "strides": list(self.strides),
            "focal": self.focal,
        }


def assign(scores, found, truth, labels, is_object, is_crowd, points, smallest):
    """Task-aligned assignment: which object each cell answers for, and how well it does.

    scores: (B, A, C); found: boxes (B, A, 4); truth: boxes (B, N, 4); labels: int (B, N);
    is_object, is_crowd: 0 or 1, (B, N); points: (A, 2). All in pixels. Returns box (B, A, 4), label
    (B, A), quality in [0, 1] (B, A), 0 for background, and whether a cell lies in a crowd (B, A).

    An object takes the TOP cells inside of it with the largest score^ALPHA * IoU^BETA; a cell that
    several objects want goes to the one it overlaps most. The quality is that product, scaled so
    that the best cell of an object has its IoU (Feng et al. 2021, section 3.2). `smallest`: side in
    pixels that an object counts as having, at least, for "inside".
    """
    count = truth.shape[1]
    grow = ops.maximum(smallest - (truth[..., 2:] - truth[..., :2]), 0.0) / 2
    low, high = truth[..., :2] - grow, truth[..., 2:] + grow
    inside = 1.0
    for i in (0, 1):
        at = points[:, i]
        inside = inside * ops.cast(
            (at > low[..., i, None]) & (at < high[..., i, None]), "float32"
        )  # (B, N, A)
    near_crowd = ops.max(inside * is_crowd[..., None], 1)
    inside = inside * is_object[..., None]
    overlap = box_ops.iou(truth, found) * inside
    score = ops.take_along_axis(ops.transpose(scores, (0, 2, 1)), labels[..., None], 1)
    squared = ops.square(overlap)
    # The last term ranks the cells of an object that no prediction overlaps yet.
    aligned = (ops.sqrt(score) * squared * squared * squared + 1e-12) * inside
    kth = ops.top_k(aligned, min(TOP, aligned.shape[-1]))[0][..., -1:]
    taken = ops.cast(aligned >= ops.maximum(kth, 1e-13), "float32")
    # IoU decides between objects; the small term keeps a cell with its object while they do not
    # overlap.
    owner = ops.argmax((overlap + 1e-6) * taken, 1)  # (B, A)
    taken = taken * ops.cast(
        ops.arange(count)[:, None] == ops.cast(owner, "int32")[:, None, :], "float32"
    )
    aligned = aligned * taken
    best = ops.max(aligned, -1, keepdims=True)
    quality = aligned / ops.maximum(best, 1e-12) * ops.max(overlap * taken, -1, keepdims=True)
    box = ops.take_along_axis(truth, owner[..., None], 1)
    return box, ops.take_along_axis(labels, owner, 1), ops.max(quality, 1), near_crowd
