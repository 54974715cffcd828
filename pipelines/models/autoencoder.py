"""Dense encoder and decoder of pictures: Hinton & Salakhutdinov 2006, with two hidden layers."""

import math

import keras
from keras import layers


def encoder(shape: tuple[int, ...], latent_size: int, width: int) -> keras.Model:
    """uint8 pictures (B, H, W, C) -> codes (B, latent_size)."""
    inputs = keras.Input(shape, dtype="uint8", name="image")
    x = layers.Rescaling(1 / 255.0, name="scaled")(inputs)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(width, activation="relu", name="encoder_hidden")(x)
    latent = layers.Dense(latent_size, dtype="float32", name="latent")(x)
    return keras.Model(inputs, latent, name="encoder")


def decoder(shape: tuple[int, ...], latent_size: int, width: int) -> keras.Model:
    """Codes (B, latent_size) -> pictures (B, H, W, C) in [0, 1]."""
    latent = keras.Input((latent_size,), name="latent")
    x = layers.Dense(width, activation="relu", name="decoder_hidden")(latent)
    x = layers.Dense(math.prod(shape), activation="sigmoid", dtype="float32", name="pixels")(x)
    return keras.Model(latent, layers.Reshape(shape, name="picture")(x), name="decoder")
