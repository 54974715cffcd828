"""Nets that score all items for a user's history: float32 (B, I) -> (B, I)."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from pipelines.models import Tensor

BETWEEN, SCORES = "between", "scores"  # names of the layers


def history(count: int) -> Tensor:
    """The input: 1 for each item of a user's history, float32 (B, I)."""
    return keras.Input((count,), name="history")


def two_matrices(inputs: Tensor, width: int, prefix: str = "") -> Tensor:
    """scores = history @ A @ B, A (I, width), B (width, I)."""
    between = layers.Dense(width, use_bias=False, name=f"{prefix}{BETWEEN}")(inputs)
    return layers.Dense(inputs.shape[-1], use_bias=False, name=f"{prefix}{SCORES}")(between)


def one_matrix(inputs: Tensor, prefix: str = "") -> Tensor:
    """scores = history @ A, A (I, I)."""
    return layers.Dense(inputs.shape[-1], use_bias=False, name=f"{prefix}{SCORES}")(inputs)


def assign(model: keras.Model, arrays: Sequence[np.ndarray], prefix: str = "") -> None:
    """Gives the matrices of `two_matrices` or `one_matrix` their values, in order."""
    names = (f"{prefix}{BETWEEN}", f"{prefix}{SCORES}")[-len(arrays) :]
    for name, array in zip(names, arrays, strict=True):
        model.get_layer(name).kernel.assign(np.asarray(array, np.float32))


def constant(inputs: Tensor, prefix: str = "") -> Tensor:
    """scores = bias (I,), whatever the history."""
    nothing = layers.Dense(
        1, use_bias=False, kernel_initializer="zeros", trainable=False, name=f"{prefix}nothing"
    )(inputs)
    zeros = {"kernel_initializer": "zeros", "bias_initializer": "zeros"}
    return layers.Dense(inputs.shape[-1], name=f"{prefix}{SCORES}", **zeros)(nothing)
