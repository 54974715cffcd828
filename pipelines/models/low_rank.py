"""A matrix that stays as it is, and a product of two narrow ones that is learned and added to it."""

from typing import Any

import keras
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor


@keras.saving.register_keras_serializable(REGISTERED)
class LowRank(layers.Layer):
    """x W + x A B: (..., D) -> (..., units). W (D, units), A (D, rank), B (rank, units).

    Hu et al. 2021, arXiv:2106.09685, section 4.1, with a scale of 1. W, zeros until it is assigned,
    is not trained. B is zeros at first, so nothing changes before training. With a rank of 0 there
    is W alone, and it is trained.
    """

    def __init__(self, units: int, rank: int = 0, seed: int = 0, **kwargs: Any):
        super().__init__(**kwargs)
        self.units, self.rank, self.seed = units, rank, seed

    def build(self, shape: tuple) -> None:
        width = shape[-1]
        self.kernel = self.add_weight(
            shape=(width, self.units), initializer="zeros", trainable=not self.rank, name="kernel"
        )
        if self.rank:
            start = keras.initializers.RandomNormal(stddev=width**-0.5, seed=self.seed)
            self.narrow = self.add_weight(
                shape=(width, self.rank), initializer=start, name="narrow"
            )
            self.wide = self.add_weight(
                shape=(self.rank, self.units), initializer="zeros", name="wide"
            )
        self.built = True

    def call(self, x: Tensor) -> Tensor:
        found = ops.matmul(x, self.kernel)
        if not self.rank:
            return found
        return found + ops.matmul(ops.matmul(x, self.narrow), self.wide)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (*shape[:-1], self.units)

    def get_config(self) -> dict:
        own = {"units": self.units, "rank": self.rank, "seed": self.seed}
        return {**super().get_config(), **own}
