"""A number that names something, as a vector of zeros and a one."""

from typing import Any

import keras
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor
from pipelines.parts import IN_FLOAT


@keras.saving.register_keras_serializable(REGISTERED)
class OneHot(layers.Layer):
    """Ids (B,) -> (B, classes); an id of no class, such as -1, gives zeros.

    In float in every file: the converter gives zero and one of an int8 file different scales.
    """

    def __init__(self, classes: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.classes = classes

    def call(self, ids: Tensor) -> Tensor:
        with keras.name_scope(IN_FLOAT):
            is_class = ops.equal(ids[:, None], ops.arange(self.classes))
            return ops.cast(is_class, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape, self.classes)

    def get_config(self) -> dict:
        return {**super().get_config(), "classes": self.classes}
