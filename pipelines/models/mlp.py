"""Fully connected layers on numbers: a multilayer perceptron, or one linear layer."""

from typing import Any

import keras
from keras import layers

from pipelines.models import Tensor


def hidden(x: Tensor, config: Any) -> Tensor:
    """Numbers (B, F) through `depth` layers of `width` units -> (B, width)."""
    for i in range(1, config.depth + 1):
        x = layers.Dense(config.width, use_bias=not config.batch_norm, name=f"dense{i}")(x)
        if config.batch_norm:
            x = layers.BatchNormalization(name=f"norm{i}")(x)
        x = layers.Activation(config.activation, name=f"activation{i}")(x)
        x = layers.Dropout(config.dropout, seed=config.seed + i, name=f"dropout{i}")(x)
    return x


def features(count: int) -> Tensor:
    """The input of a row, float32 (B, F)."""
    return keras.Input((count,), name="features")
