"""The loss of a recommender that shares one probability among all items."""

import keras
from keras import ops

HIDDEN = -1e8


@keras.saving.register_keras_serializable("pipelines")
class Multinomial(keras.losses.Loss):
    """-sum_i y_i log softmax(z)_i (Liang et al. 2018, arXiv:1802.05814, equation 2), for one item.

    targets: (B, I + 1), 1 for a user's items; what the last column counts has no score. scores:
    (B, I); those below HIDDEN stand for items that are not ranked, and count for nothing. Returns
    (B,), the mean over the user's items.
    """

    def __init__(self, name="multinomial", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, targets, scores):
        is_ranked = ops.cast(scores > HIDDEN, scores.dtype)
        wanted = ops.cast(targets[:, :-1], scores.dtype) * is_ranked
        count = ops.maximum(ops.sum(wanted, -1), 1.0)
        return -ops.sum(wanted * ops.log_softmax(scores), -1) / count
