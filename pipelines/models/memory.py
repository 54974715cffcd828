"""A layer that changes nothing, and keeps arrays that a training of its own steps must not lose."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from pipelines.models import REGISTERED, Tensor


@keras.saving.register_keras_serializable(REGISTERED)
class Memory(layers.Layer):
    """Passes its input on. `arrays`: variables of the shapes given, zeros at first, not trained."""

    def __init__(self, shapes: Sequence[Sequence[int]], **kwargs: Any):
        super().__init__(**kwargs)
        self.shapes = [tuple(shape) for shape in shapes]

    def build(self, input_shape: tuple) -> None:
        self.arrays = [
            self.add_weight(shape, "zeros", "float32", trainable=False, name=f"array{i}")
            for i, shape in enumerate(self.shapes)
        ]
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        return inputs

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "shapes": self.shapes}
