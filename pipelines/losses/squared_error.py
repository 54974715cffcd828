"""Mean squared error of a number."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("pipelines")
class SquaredError(keras.losses.Loss):
    """Mean of ((true - found) / scale)^2 of {"value": (B, 1)}.

    scale: what is a large error, such as the deviation of the true numbers.
    """

    def __init__(self, scale: float = 1.0, name: str = "squared_error", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.scale = scale

    def call(self, y_true, y_pred):
        return ops.mean(ops.square((y_true["value"] - y_pred["value"]) / self.scale))

    def get_config(self) -> dict:
        return {**super().get_config(), "scale": self.scale}
