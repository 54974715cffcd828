"""The squared error of the ratings that there are."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("pipelines")
class HeldRatings(keras.losses.Loss):
    """targets: (B, 2, I), ratings, and 1 where there is one; found: (B, I) -> (B,), mean of each
    user."""

    def __init__(self, name="held_ratings", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, targets, found):
        wanted, there = targets[:, 0], targets[:, 1]
        count = ops.maximum(ops.sum(there, -1), 1.0)
        return ops.sum(there * ops.square(found - wanted), -1) / count
