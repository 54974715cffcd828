"""Gradient reversal: Ganin & Lempitsky 2015, arXiv:1409.7495, section 3."""

from typing import Any

import keras
from keras import ops

from pipelines.models import REGISTERED, Tensor


@keras.saving.register_keras_serializable(REGISTERED)
class GradientReversal(keras.layers.Layer):
    """The same features forwards, and backwards the gradient times -lambda.

    It rises from 0 to 1 over `steps`. With p the share of the steps done: lambda = 2 / (1 + exp(-10
    p)) - 1 (eq. 14). The steps taken are a weight, so that a resumed training goes on where it was.
    """

    def __init__(self, steps: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.steps = steps

    def build(self, shape: tuple) -> None:
        self.taken = self.add_weight(shape=(), initializer="zeros", trainable=False, name="taken")

    def call(self, features: Tensor, training: bool = False) -> Tensor:
        share = ops.minimum(self.taken / max(1, self.steps), 1.0)
        factor = ops.cast(2 / (1 + ops.exp(-10 * share)) - 1, features.dtype)
        if training:
            self.taken.assign(self.taken + 1)
        return (1 + factor) * ops.stop_gradient(features) - factor * features

    def get_config(self) -> dict:
        return {**super().get_config(), "steps": self.steps}
