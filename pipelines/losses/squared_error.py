"""Mean squared error of numbers, each in units of its own."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("pipelines")
class ScaledSquaredError(keras.losses.Loss):
    """Mean of ((true - found) / scale)^2 over the K numbers of an example: (B, K) twice -> (B,).

    scale: what is a large error, such as the deviation of the true numbers, one for each.
    """

    def __init__(self, scale: Sequence[float] = (1.0,), name: str = "squared_error", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.scale = list(scale)

    def call(self, y_true, y_pred):
        scale = ops.convert_to_tensor(self.scale, y_pred.dtype)
        return ops.mean(ops.square((y_true - y_pred) / scale), -1)

    def get_config(self) -> dict:
        return {**super().get_config(), "scale": self.scale}
