"""A point on the unit sphere for each picture, and the distance up to which two are the same."""

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor


@keras.saving.register_keras_serializable(REGISTERED)
class DistanceThreshold(layers.Layer):
    """Embeddings (B, D) -> (B, D + 1): the same, and behind them `value`, which is not trained.

    So each exported file carries the threshold that belongs to its weights.
    """

    def build(self, input_shape: tuple) -> None:
        self.value = self.add_weight((1,), "ones", "float32", trainable=False, name="value")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        return ops.concatenate([inputs, ops.zeros_like(inputs[:, :1]) + self.value], -1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], input_shape[-1] + 1)


def embedded(features: Tensor, size: int) -> Tensor:
    """Features (B, F) -> points on the unit sphere and the threshold, float32 (B, size + 1)."""
    points = layers.Dense(size, dtype="float32", name="embedding")(features)
    points = layers.UnitNormalization(dtype="float32", name="unit")(points)
    return DistanceThreshold(dtype="float32", name="threshold")(points)


def parted(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """What `embedded` gives -> points (B, D), and thresholds (B,)."""
    return outputs[:, :-1], outputs[:, -1]


def set_threshold(model: keras.Model, value: float) -> None:
    """The distance from which on two pictures are not the same, into the net."""
    model.get_layer("threshold").value.assign(np.array([value], np.float32))
