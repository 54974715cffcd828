"""A layer that takes what a user knows already out of the ranking."""

from typing import Any

import keras
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor

LOWEST = -1e9  # finite: infinity times 0 is no number, and files of reduced precision have both


@keras.saving.register_keras_serializable(REGISTERED)
class Unseen(layers.Layer):
    """(scores (B, I), history (B, I)) -> the scores, LOWEST for items of the history.

    In training they stay what they are, as a net that learns by a user's own items needs them.
    """

    def call(self, scores: Tensor, history: Tensor, training: bool = False) -> Tensor:
        if training:
            return scores
        return ops.where(history > 0, ops.full_like(scores, LOWEST), scores)

    def compute_output_shape(self, scores_shape: tuple, history_shape: Any = None) -> tuple:
        return scores_shape
