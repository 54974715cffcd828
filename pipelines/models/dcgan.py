"""Convolutional generator and critic of pictures: DCGAN, Radford et al. 2015, arXiv:1511.06434.

As in section 3: strides in place of pooling, batch normalisation and ReLU in the generator, leaky
ReLU in the critic, weights of N(0, 0.02), tanh at the end. What differs:

1. The generator ends with a convolution of 3 x 3 at full size, so that pictures of 8 px have one.
2. The critic has no batch normalisation, because what is said of one picture shall depend on no
   other; it has spectral normalisation (Miyato et al. 2018, arXiv:1802.05957) or none.
3. If classes are given, the generator takes the class beside the noise (Mirza & Osindero 2014,
   arXiv:1411.1784), and the critic projects its features onto the class (Miyato & Koyama 2018,
   arXiv:1802.05637, eq. 3).
"""

import keras
from keras import layers

from pipelines.models import Tensor
from pipelines.models.critics import normal
from pipelines.models.halving import halvings
from pipelines.models.one_hot import OneHot

SMALLEST = 4  # px: the side from which a generator enlarges, if the picture's can be halved to it
WIDEST = 8  # times `width`


def generator(
    shape: tuple[int, int, int], latent_size: int, width: int, classes: int = 0
) -> keras.Model:
    """keras.Model: {"latent": (B, latent_size), and "label": int32 (B,) if there are classes} ->
    pictures (B, *shape) in [-1, 1].

    width: channels at full size.
    """
    count = halvings(shape[0], SMALLEST)
    side = shape[0] >> count
    inputs = {"latent": keras.Input((latent_size,), name="latent")}
    x = inputs["latent"]
    if classes:
        inputs["label"] = keras.Input((), dtype="int32", name="label")
        x = layers.Concatenate(name="both")([x, OneHot(classes, name="class")(inputs["label"])])
    filters = _filters(width, count)
    x = _dense(side * side * filters, False, "seed")(x)
    x = layers.Reshape((side, side, filters), name="grid")(x)
    for level in reversed(range(count)):
        x = _normed(x, f"{level + 1}")
        x = layers.Conv2DTranspose(
            _filters(width, level), 4, 2, "same", use_bias=False, kernel_initializer=normal(),
            name=f"up{level}",
        )(x)  # fmt: skip
    x = _normed(x, "0")
    x = layers.Conv2D(
        shape[2], 3, padding="same", kernel_initializer=normal(), name="picture", dtype="float32"
    )(x)
    return keras.Model(inputs, layers.Activation("tanh", dtype="float32")(x), name="generator")


def critic(
    shape: tuple[int, int, int], width: int, spectral: bool, classes: int = 0
) -> keras.Model:
    """keras.Model: {"picture": (B, *shape) in [-1, 1], and "label" if there are classes} -> logits (B, 1).

    spectral: whether each layer has spectral normalisation.
    """
    wrapped = layers.SpectralNormalization if spectral else _bare
    inputs = {"picture": keras.Input(shape, name="picture")}
    x = wrapped(_convolution(width, 3, 1, "conv"))(inputs["picture"])
    x = layers.LeakyReLU(0.2)(x)
    for level in range(halvings(shape[0], SMALLEST)):
        x = wrapped(_convolution(_filters(width, level + 1), 4, 2, f"conv{level}"))(x)
        x = layers.LeakyReLU(0.2)(x)
    features = layers.Flatten(name="features")(x)
    said = wrapped(_dense(1, True, "logits"))(features)
    if classes:
        inputs["label"] = keras.Input((), dtype="int32", name="label")
        own = OneHot(classes, name="class")(inputs["label"])
        own = wrapped(_dense(features.shape[-1], False, "of_class"))(own)
        said = layers.Add(name="answer")([said, layers.Dot(1, name="match")([own, features])])
    return keras.Model(inputs, said, name="critic")


def _filters(width: int, level: int) -> int:
    return width * min(2**level, WIDEST)


def _bare(layer: keras.Layer) -> keras.Layer:
    return layer


def _convolution(filters: int, size: int, stride: int, name: str) -> keras.Layer:
    return layers.Conv2D(filters, size, stride, "same", kernel_initializer=normal(), name=name)


def _dense(units: int, has_bias: bool, name: str) -> keras.Layer:
    return layers.Dense(units, use_bias=has_bias, kernel_initializer=normal(), name=name)


def _normed(x: Tensor, name: str) -> Tensor:
    x = layers.BatchNormalization(momentum=0.9, name=f"norm{name}")(x)
    return layers.ReLU(name=f"relu{name}")(x)
