"""Nets that enlarge pictures: what they share is pixel shuffle, and the bicubic answer in them."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor
from pipelines.ops import bicubic


@keras.saving.register_keras_serializable(REGISTERED)
class PixelShuffle(layers.Layer):
    """(B, H, W, s * s * C) -> (B, s * H, s * W, C). Shi et al. 2016, arXiv:1609.05158, eq. 4."""

    def __init__(self, scale: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, x: Tensor) -> Tensor:
        return _shuffled(x, self.scale)

    def compute_output_shape(self, shape: tuple) -> tuple:
        b, h, w, c = shape
        s = self.scale
        return (b, h and h * s, w and w * s, c // s**2)

    def get_config(self) -> dict:
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable(REGISTERED)
class Bicubic(layers.Layer):
    """(B, H, W, C) -> (B, s * H, s * W, C) by MATLAB's bicubic.

    It is one fixed convolution and a pixel shuffle.
    """

    def __init__(self, scale: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, x: Tensor) -> Tensor:
        channels, taps = x.shape[-1], bicubic.phases(self.scale)
        kernel = np.zeros((5, 5, channels, self.scale**2, channels), np.float32)
        for c in range(channels):
            kernel[:, :, c, :, c] = taps
        kernel = ops.convert_to_tensor(kernel.reshape(5, 5, channels, -1), x.dtype)
        x = ops.pad(x, [[0, 0], [2, 2], [2, 2], [0, 0]], "symmetric")
        return _shuffled(ops.conv(x, kernel, padding="valid"), self.scale)

    def compute_output_shape(self, shape: tuple) -> tuple:
        b, h, w, c = shape
        return (b, h and h * self.scale, w and w * self.scale, c)

    def get_config(self) -> dict:
        return {**super().get_config(), "scale": self.scale}


def fast(x: Tensor, scale: int, width: int = 32, depth: int = 10) -> Tensor:
    """ESPCN's pixel shuffle behind 3x3 convolutions with EDSR's residuals.

    Float pictures (B, H, W, 3) in [0, 1] -> (B, s * H, s * W, 3). Shi et al. 2016,
    arXiv:1609.05158; Lim et al. 2017, arXiv:1707.02921, section 3: no batch normalisation. The net
    adds to the bicubic answer.
    """
    y = first = _conv(x, width, 3, "first")
    for i in range(depth // 2):
        z = layers.ReLU(name=f"relu{i}")(_conv(y, width, 3, f"block{i}_conv1"))
        z = _conv(z, width, 3, f"block{i}_conv2")
        y = layers.Add(name=f"add{i}")([y, z])
    y = layers.Add(name="add")([first, y])
    y = PixelShuffle(scale, name="shuffle")(_conv(y, 3 * scale**2, 3, "last", small=True))
    return layers.Add(name="enlarged")([Bicubic(scale, name="bicubic")(x), y])


def srcnn(x: Tensor, scale: int, width: int = 64, depth: int = 3) -> Tensor:
    """SRCNN 9-5-5 on the bicubic answer: Dong et al. 2014, arXiv:1501.00092, section 4.1.

    Deviations: it works on colours, and is padded.
    """
    y = Bicubic(scale, name="bicubic")(x)
    z = layers.ReLU(name="relu1")(_conv(y, width, 9, "patches"))
    z = layers.ReLU(name="relu2")(_conv(z, width // 2, 5, "mapping"))
    return layers.Add(name="enlarged")([y, _conv(z, 3, 5, "last", small=True)])


def srresnet(x: Tensor, scale: int, width: int = 64, depth: int = 16) -> Tensor:
    """SRResNet, the generator of SRGAN: Ledig et al. 2017, arXiv:1609.04802, figure 4.

    depth: residual blocks. Deviation: the last convolution adds to the bicubic answer; in the paper
    it gives the picture.
    """
    y = first = layers.PReLU(shared_axes=[1, 2], name="first_relu")(_conv(x, width, 9, "first"))
    for i in range(depth):
        z = _normed(_conv(y, width, 3, f"block{i}_conv1"), f"block{i}_norm1")
        z = layers.PReLU(shared_axes=[1, 2], name=f"block{i}_relu")(z)
        z = _normed(_conv(z, width, 3, f"block{i}_conv2"), f"block{i}_norm2")
        y = layers.Add(name=f"add{i}")([y, z])
    y = _normed(_conv(y, width, 3, "trunk"), "norm")
    y = layers.Add(name="add")([first, y])
    factors = [2] * (scale // 2) if scale in (2, 4) else [scale]
    for i, factor in enumerate(factors):
        y = PixelShuffle(factor, name=f"shuffle{i}")(_conv(y, width * factor**2, 3, f"up{i}"))
        y = layers.PReLU(shared_axes=[1, 2], name=f"up{i}_relu")(y)
    y = _conv(y, 3, 9, "last", small=True)
    return layers.Add(name="enlarged")([Bicubic(scale, name="bicubic")(x), y])


NETS = {"fast": fast, "srcnn": srcnn, "srresnet": srresnet}
# Low-resolution pixels that an answer depends on in each direction, of a net of some depth.
SEES = {
    "fast": lambda depth: depth + 4,
    "srcnn": lambda depth: 8,
    "srresnet": lambda depth: 2 * depth + 12,
}


def _conv(x: Tensor, filters: int, size: int, name: str, small: bool = False) -> Tensor:
    """small: starts near zero, so that the net starts at the bicubic answer."""
    start = keras.initializers.RandomNormal(stddev=1e-3) if small else "he_normal"
    return layers.Conv2D(filters, size, padding="same", kernel_initializer=start, name=name)(x)


def _normed(x: Tensor, name: str) -> Tensor:
    return layers.BatchNormalization(momentum=0.9, name=name)(x)


def _shuffled(x: Tensor, s: int) -> Tensor:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.nn.depth_to_space(x, s)  # one builtin of LiteRT
    b, h, w, c = ops.shape(x)
    x = ops.transpose(ops.reshape(x, (b, h, w, s, s, c // s**2)), (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (b, h * s, w * s, c // s**2))
