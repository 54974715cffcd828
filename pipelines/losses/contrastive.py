"""The contrastive loss: pairs of a kind are drawn together, others pushed apart up to a margin."""

import keras
from keras import ops

from pipelines.ops import Tensor, distances

LEAST = 1e-12  # below the root, whose slope at 0 is infinite


@keras.saving.register_keras_serializable("pipelines")
class Contrastive(keras.losses.Loss):
    """d^2 / 2 of a pair of a kind, max(0, margin - d)^2 / 2 of another: Hadsell et al. 2006, eq. 4.

    Labels (B,) and embeddings (B, D or more, of which the first `size` count) -> (B,), whose mean
    is half the mean over all pairs of a kind in the batch and half that over all others. The paper
    draws its pairs beforehand; here a batch holds all pairs of its pictures.
    """

    def __init__(self, size, margin=1.0, name="contrastive", **more):
        super().__init__(name=name, **more)
        self.size, self.margin = size, margin

    def call(self, targets: Tensor, outputs: Tensor) -> Tensor:
        apart = distances.squared(outputs[:, : self.size])
        is_same, is_other = distances.kinds(ops.reshape(targets, (-1,)))
        short = ops.maximum(self.margin - ops.sqrt(apart + LEAST), 0.0)
        found = _mean(apart / 2, is_same) + _mean(ops.square(short) / 2, is_other)
        return found / 2 + 0 * apart[:, 0]

    def get_config(self):
        return {**super().get_config(), "size": self.size, "margin": self.margin}


def _mean(values: Tensor, counts: Tensor) -> Tensor:
    """The mean of those values that count; 0 if none does."""
    weights = ops.cast(counts, values.dtype)
    return ops.sum(values * weights) / ops.maximum(ops.sum(weights), 1.0)
