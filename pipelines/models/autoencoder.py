"""Dense encoder and decoder of pictures: Hinton & Salakhutdinov 2006, with two hidden layers."""

import math

import keras
from keras import layers


def encoder(shape: tuple[int, ...], code_size: int, width: int) -> keras.Model:
    """uint8 pictures (B, H, W, C) -> codes (B, code_size)."""
    inputs = keras.Input(shape, dtype="uint8", name="image")
    x = layers.Rescaling(1 / 255.0, name="scaled")(inputs)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(width, activation="relu", name="encoder_hidden")(x)
    code = layers.Dense(code_size, dtype="float32", name="code")(x)
    return keras.Model(inputs, code, name="encoder")


def decoder(shape: tuple[int, ...], code_size: int, width: int) -> keras.Model:
    """Codes (B, code_size) -> pictures (B, H, W, C) in [0, 1]."""
    code = keras.Input((code_size,), name="code")
    x = layers.Dense(width, activation="relu", name="decoder_hidden")(code)
    x = layers.Dense(math.prod(shape), activation="sigmoid", dtype="float32", name="pixels")(x)
    return keras.Model(code, layers.Reshape(shape, name="picture")(x), name="decoder")
