"""The weighted sum of losses that a mask is learned by."""

import keras
from keras import ops

from pipelines.losses import overlap, pixels

TERMS = ("cross_entropy", "focal", "dice", "jaccard")


@keras.saving.register_keras_serializable("pipelines")
class SegmentationLoss(keras.losses.Loss):
    """Masks against logits -> scalar. Pixels of an id that is no class count nowhere.

    Targets: class ids (B, H, W), or (B, H, W, 2) with a weight per pixel beside the id, as U-Net's
        border map gives it.
    Outputs: {"logits": (B, H, W, C)} and, under other names, what coarser levels say, (B, H / s, W
    / s, C): each level is held against every s-th pixel and counts half as much as the one before,
    all together 1 (Isensee et al. 2021, doi:10.1038/s41592-020-01008-z, supplementary note 4.7).
    weights: {term: its factor}, of TERMS. class_weights: one number per class, or empty for ones;
    they and the pixels' weights act on cross-entropy and focal loss, which are means over the
    pixels that count.
    """

    def __init__(self, weights, class_weights=(), gamma=2.0, name="segmentation_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        self.weights, self.class_weights, self.gamma = dict(weights), tuple(class_weights), gamma

    def call(self, targets, outputs):
        levels = sorted(outputs.values(), key=lambda logits: -logits.shape[1])
        total = 0.0
        for i, logits in enumerate(levels):
            step = levels[0].shape[1] // logits.shape[1]
            total += 0.5**i * self._level(targets[:, step // 2 :: step, step // 2 :: step], logits)
        return total / (2 - 0.5 ** (len(levels) - 1))

    def _level(self, targets, logits):
        ids, weight = split(targets)
        truth = ops.one_hot(ops.cast(ids, "int32"), logits.shape[-1], dtype=logits.dtype)
        counts = ops.sum(truth, -1)  # 0 if the pixel is ignored
        weight = counts if weight is None else counts * ops.cast(weight, logits.dtype)
        if self.class_weights:
            weight = weight * ops.sum(
                truth * ops.convert_to_tensor(self.class_weights, logits.dtype), -1
            )
        number = ops.maximum(ops.sum(counts), 1)
        soft = ops.softmax(logits) * counts[..., None]
        terms = {
            "cross_entropy": lambda: ops.sum(weight * pixels.cross_entropy(truth, logits)) / number,
            "focal": lambda: ops.sum(weight * pixels.focal(truth, logits, self.gamma)) / number,
            "dice": lambda: overlap.dice(truth, soft),
            "jaccard": lambda: overlap.jaccard(truth, soft),
        }
        return sum(factor * terms[name]() for name, factor in self.weights.items() if factor)

    def get_config(self):
        config = {"weights": self.weights, "class_weights": self.class_weights, "gamma": self.gamma}
        return {**super().get_config(), **config}


def split(targets):
    """Targets as above -> (ids (B, H, W), weights (B, H, W) or None)."""
    return (targets[..., 0], targets[..., 1]) if len(targets.shape) == 4 else (targets, None)
