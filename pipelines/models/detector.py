"""A one-stage, anchor-free detector of the YOLO family: backbone, feature pyramid, decoupled heads.

The backbone is made of cross-stage partial blocks (Wang et al. 2020, arXiv:1911.11929) with
YOLOv8's split, the pyramid goes top-down and back up (PANet, Liu et al. 2018, arXiv:1803.01534),
each level's head has one 3x3 convolution for the classes and one for the sides (YOLOv6, Li et al.
2022, arXiv:2209.02976, section 2.1.3). Deviations: ReLU for SiLU, as it is faster to train on CPUs
and easier to quantise; the widths.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from pipelines.models import Tensor, backbones

# Distances of a side from its cell, 0 to 15 strides: Li et al. 2020, arXiv:2006.04388, table 2.
BINS = 16
OBJECTS = 5  # in a picture, about, as the classes' biases expect at the start
MOMENTUM = 0.97  # of batch statistics, as in YOLOv5 and later
SIZES = {  # widths at strides 2, 4, 8, 16, 32; blocks at strides 4 to 32; least width of the heads
    "pico": ((16, 24, 48, 96, 160), (1, 1, 1, 1), 48),
    "nano": ((16, 32, 64, 128, 256), (1, 2, 2, 1), 64),
    "small": ((32, 64, 128, 256, 384), (1, 2, 2, 1), 96),
    "medium": ((48, 96, 192, 384, 512), (2, 4, 4, 2), 128),
}


def detector(
    pictures: Tensor,
    classes: int,
    size: str = "nano",
    strides: Sequence[int] = (8, 16, 32),
    backbone: str = "csp",
    arguments: str = "{}",
) -> dict[str, Tensor]:
    """Logits of uint8 pictures (B, S, S, 3): {"classes": (B, A, C), "sides": (B, A, 4 BINS)}.

    A cells, level by level, row by row, S a multiple of 32. size: a name of SIZES. strides: of the
    levels, the finest first, 4 to 32. backbone: `csp`, or one of `models.backbones`, with its
    arguments.
    """
    head = SIZES[size][2]
    found = {"classes": [], "sides": []}
    levels = features(pictures, size, strides, backbone, arguments)
    for stride, x in zip(strides, levels, strict=True):
        cells = (pictures.shape[1] / stride) ** 2
        bias = keras.initializers.Constant(math.log(OBJECTS / classes / cells))
        name = f"head{stride}"
        found["classes"].append(_branch(x, head, classes, bias, f"{name}_classes"))
        found["sides"].append(_branch(x, head, 4 * BINS, "zeros", f"{name}_sides"))
    return {name: joined(values, name) for name, values in found.items()}


def features(
    pictures: Tensor, size: str, strides: Sequence[int], backbone: str, arguments: str
) -> list[Tensor]:
    """Features of uint8 pictures at `strides`, each informed by all others; as `detector` says."""
    widths, blocks, _ = SIZES[size]
    if backbone == "csp":
        levels = _csp(pictures, widths, blocks)
    else:
        levels = backbones.pyramid(backbone, pictures, [4, 8, 16, 32], arguments)
    chosen = [levels[int(math.log2(stride)) - 2] for stride in strides]
    return _pyramid(chosen, [widths[int(math.log2(stride)) - 1] for stride in strides])


def _branch(x: Tensor, width: int, channels: int, bias: Any, name: str) -> Tensor:
    """Features (B, h, w, C) -> logits (B, h * w, channels)."""
    x = conv(x, width, 3, name=f"{name}_conv")
    x = layers.Conv2D(channels, 1, bias_initializer=bias, dtype="float32", name=name)(x)
    return layers.Reshape((-1, channels), dtype="float32", name=f"{name}_flat")(x)


def joined(values: list[Tensor], name: str) -> Tensor:
    """Logits of several levels (B, A, C) -> those of all."""
    if len(values) == 1:
        return values[0]
    return layers.Concatenate(1, dtype="float32", name=name)(values)


def conv(x: Tensor, filters: int, kernel: int = 1, stride: int = 1, *, name: str) -> Tensor:
    """Convolution, batch normalisation, ReLU."""
    # Keras's "same" pads an even picture on the far side only, so that a stride of 2 shifts every
    # cell by half a pixel.
    if stride == 2:
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
    padding = "valid" if stride == 2 else "same"
    x = layers.Conv2D(
        filters,
        kernel,
        stride,
        padding,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=1e-3, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _csp(pictures: Tensor, widths: Sequence[int], blocks: Sequence[int]) -> list[Tensor]:
    """Features at strides 4, 8, 16 and 32."""
    x = layers.Rescaling(1 / 255.0, dtype="float32", name="rescale")(pictures)
    x = conv(x, widths[0], 3, 2, name="stem")
    levels = []
    for i, (width, count) in enumerate(zip(widths[1:], blocks, strict=True)):
        x = conv(x, width, 3, 2, name=f"stage{i + 1}_down")
        x = partial(x, width, count, name=f"stage{i + 1}")
        if i == 3:
            x = _pooled(x, width)
        levels.append(x)
    return levels


def partial(x: Tensor, filters: int, blocks: int, shortcut: bool = True, *, name: str) -> Tensor:
    """A cross-stage partial block.

    Half of the channels go through residual blocks, and every stage of them is kept.
    """
    half = filters // 2
    x = conv(x, 2 * half, name=f"{name}_in")
    kept = list(ops.split(x, 2, -1))
    for i in range(blocks):
        y = conv(kept[-1], half, 3, name=f"{name}_block{i + 1}_conv1")
        y = conv(y, half, 3, name=f"{name}_block{i + 1}_conv2")
        kept.append(layers.Add(name=f"{name}_block{i + 1}_add")([kept[-1], y]) if shortcut else y)
    return conv(layers.Concatenate(name=f"{name}_join")(kept), filters, name=f"{name}_out")


def _pooled(x: Tensor, width: int) -> Tensor:
    """Spatial pyramid pooling by three poolings in a row, as in YOLOv5."""
    kept = [conv(x, width // 2, name="pool_in")]
    for i in range(3):
        kept.append(layers.MaxPooling2D(5, 1, "same", name=f"pool{i + 1}")(kept[-1]))
    return conv(layers.Concatenate(name="pool_join")(kept), width, name="pool_out")


def _pyramid(levels: list[Tensor], widths: Sequence[int]) -> list[Tensor]:
    """Features of the levels, each informed by all others; the finest first."""
    for i in range(len(levels) - 1, 0, -1):
        up = layers.UpSampling2D(name=f"up{i}")(levels[i])
        joined = layers.Concatenate(name=f"up{i}_join")([levels[i - 1], up])
        levels[i - 1] = partial(joined, widths[i - 1], 1, shortcut=False, name=f"up{i}_fuse")
    for i in range(1, len(levels)):
        down = conv(levels[i - 1], widths[i - 1], 3, 2, name=f"down{i}")
        joined = layers.Concatenate(name=f"down{i}_join")([levels[i], down])
        levels[i] = partial(joined, widths[i], 1, shortcut=False, name=f"down{i}_fuse")
    return levels
