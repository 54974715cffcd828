"""The triplet loss: an example lies nearer to its own kind than to any other, by a margin."""

import keras
from keras import ops

from pipelines.ops import Tensor, distances

FAR = 1e6  # beyond all squared distances on the unit sphere, which are at most 4
MINING = ("semi_hard", "batch_all", "batch_hard")


@keras.saving.register_keras_serializable("pipelines")
class Triplet(keras.losses.Loss):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), d squared: Schroff et al. 2015,
    section 3.1.

    Labels (B,) and embeddings (B, D or more, of which the first `size` count) -> (B,), whose mean
    is that over the triplets that `mining` chooses. semi_hard: for each pair of a kind the nearest
    negative that is further than the positive, or else the furthest (section 3.2). batch_all: all
    triplets with a loss above 0. batch_hard: the furthest positive and the nearest negative of each
    anchor (Hermans et al. 2017, section 2). Rows that have no pair of their kind count nothing.
    """

    def __init__(self, size, margin=0.2, mining="semi_hard", name="triplet", **more):
        super().__init__(name=name, **more)
        self.size, self.margin, self.mining = size, margin, mining

    def call(self, targets: Tensor, outputs: Tensor) -> Tensor:
        apart = distances.squared(outputs[:, : self.size])
        is_same, is_other = distances.kinds(ops.reshape(targets, (-1,)))
        losses, counts = getattr(self, f"_{self.mining}")(apart, is_same, is_other)
        weights = ops.cast(counts, losses.dtype)
        found = ops.sum(losses * weights) / ops.maximum(ops.sum(weights), 1.0)
        return found + 0 * apart[:, 0]

    def _semi_hard(self, apart, is_same, is_other):
        negatives = apart[:, None, :]
        is_further = ops.logical_and(is_other[:, None, :], negatives > apart[:, :, None])
        nearest = ops.min(ops.where(is_further, negatives, FAR), -1)
        furthest = ops.max(ops.where(is_other, apart, -FAR), -1)[:, None]
        chosen = ops.where(ops.any(is_further, -1), nearest, furthest)
        has_other = ops.any(is_other, -1)[:, None]
        return self._hinge(apart, chosen), ops.logical_and(is_same, has_other)

    def _batch_all(self, apart, is_same, is_other):
        losses = self._hinge(apart[:, :, None], apart[:, None, :])
        is_triplet = ops.logical_and(is_same[:, :, None], is_other[:, None, :])
        return losses, ops.logical_and(is_triplet, losses > 0)

    def _batch_hard(self, apart, is_same, is_other):
        furthest = ops.max(ops.where(is_same, apart, -FAR), -1)
        nearest = ops.min(ops.where(is_other, apart, FAR), -1)
        is_anchor = ops.logical_and(ops.any(is_same, -1), ops.any(is_other, -1))
        return self._hinge(furthest, nearest), is_anchor

    def _hinge(self, positive, negative):
        return ops.maximum(positive - negative + self.margin, 0.0)

    def get_config(self):
        own = {"size": self.size, "margin": self.margin, "mining": self.mining}
        return {**super().get_config(), **own}
