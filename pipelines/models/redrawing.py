"""A ResNet that redraws pictures: the generator of CycleGAN.

Zhu et al. 2017, arXiv:1703.10593, appendix 7.2, after Johnson et al. 2016 (arXiv:1603.08155).
"""

from typing import Any

import keras
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor
from pipelines.models.critics import normal


@keras.saving.register_keras_serializable(REGISTERED)
class Reflect(layers.Layer):
    """(B, H, W, C) -> (B, H + 2 n, W + 2 n, C), mirrored at the border, without the edge."""

    def __init__(self, pixels: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.pixels = pixels

    def call(self, x: Tensor) -> Tensor:
        n = self.pixels
        return ops.pad(x, [[0, 0], [n, n], [n, n], [0, 0]], "reflect")

    def compute_output_shape(self, shape: tuple) -> tuple:
        b, h, w, c = shape
        return (b, h and h + 2 * self.pixels, w and w + 2 * self.pixels, c)

    def get_config(self) -> dict:
        return {**super().get_config(), "pixels": self.pixels}


def generator(
    width: int = 64, blocks: int = 9, name: str = "generator", enlarge: str = "transposed"
) -> keras.Model:
    """keras.Model: float pictures (B, H, W, 3) in [-1, 1] -> the same shape and range.

    H and W are multiples of 4. c7s1-w, d2w, d4w, `blocks` residual blocks of two 3x3 convolutions,
    u2w, uw, c7s1-3, in the paper's words; instance normalisation after each but the last. enlarge:
    how u2w and uw do it, by a `transposed` convolution, or by the `nearest` pixel and a convolution,
    which leaves no checkerboard (Odena et al. 2016, doi:10.23915/distill.00003).
    """
    inputs = keras.Input((None, None, 3), name="picture")
    x = _normed(_conv(inputs, width, 7, "first"), "first")
    for i, factor in enumerate((2, 4)):
        options = {"kernel_initializer": normal(), "name": f"down{i}"}
        x = layers.Conv2D(factor * width, 3, 2, "same", **options)(x)
        x = _normed(x, f"down{i}")
    for i in range(blocks):
        y = _conv(x, 4 * width, 3, f"block{i}_conv1")
        y = _conv(_normed(y, f"block{i}_conv1"), 4 * width, 3, f"block{i}_conv2")
        x = layers.Add(name=f"add{i}")([x, _normed(y, f"block{i}_conv2", relu=False)])
    for i, factor in enumerate((2, 1)):
        x = _normed(_twice(x, factor * width, f"up{i}", enlarge), f"up{i}")
    x = _conv(x, 3, 7, "last")
    redrawn = layers.Activation("tanh", dtype="float32", name="redrawn")(x)
    return keras.Model(inputs, redrawn, name=name)


def _twice(x: Tensor, filters: int, name: str, enlarge: str) -> Tensor:
    """(B, H, W, C) -> (B, 2 H, 2 W, filters)."""
    if enlarge == "nearest":
        return _conv(layers.UpSampling2D(2, name=f"{name}_nearest")(x), filters, 3, name)
    options = {"kernel_initializer": normal(), "name": name}
    return layers.Conv2DTranspose(filters, 3, 2, "same", **options)(x)


def _conv(x: Tensor, filters: int, size: int, name: str) -> Tensor:
    """A convolution that mirrors the picture at its border."""
    x = Reflect(size // 2, name=f"{name}_pad")(x)
    return layers.Conv2D(filters, size, kernel_initializer=normal(), name=name)(x)


def _normed(x: Tensor, name: str, relu: bool = True) -> Tensor:
    x = layers.GroupNormalization(-1, epsilon=1e-5, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x
