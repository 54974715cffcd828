"""U-Net: Ronneberger et al. 2015, arXiv:1505.04597, figure 1; unpadded as there, or padded.

Deviations: batch normalisation after each convolution (the paper has none); width and depth are
given (the paper: 64 and 4); unpadded, the mirrored margin that the paper cuts out of larger
pictures is made inside the net, so that the output is as large as the input; with a `patch`, the
net works on squares of pixels, as fine as a square in between (a strided convolution before it, and
a transposed one behind it, Shi et al. 2016, arXiv:1609.05158, section 2).
"""

import math
from collections.abc import Sequence

from keras import layers, ops

from pipelines.models import Tensor

MOMENTUM = 0.9  # Keras's 0.99 needs hundreds of steps to forget its start


def unet(
    x: Tensor,
    width: int = 16,
    depth: int = 4,
    unpadded: bool = False,
    dropout: float = 0.0,
    seed: int = 0,
) -> list[Tensor]:
    """Float pictures (B, S, S, C) -> features of the expanding path, the finest first.

    (B, S, S, width), (B, S / 2, S / 2, 2 * width), ...; unpadded, the first alone. S is a multiple
    of 2 ** depth.
    """
    side, skips = x.shape[1], []
    if unpadded:
        x = _mirrored(x, depth)
    for level in range(depth):
        x = _double(x, width << level, unpadded, f"down{level}")
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"pool{level}")(x)
    x = _double(x, width << depth, unpadded, "bottom")
    # Section 3.1 of the paper: at the contracting path's end.
    x = layers.Dropout(dropout, seed=seed, name="dropout")(x)
    found = []
    for level in reversed(range(depth)):
        x = layers.Conv2DTranspose(width << level, 2, 2, name=f"up{level}")(x)
        skip = _cropped(skips[level], x.shape[1], f"crop{level}")
        x = layers.Concatenate(name=f"skip{level}")([skip, x])
        x = _double(x, width << level, unpadded, f"merge{level}")
        found.insert(0, x)
    return [_cropped(x, side, "cut")] if unpadded else found


def on_pyramid(
    x: Tensor,
    levels: Sequence[Tensor],
    width: int = 16,
    patch: int = 1,
    dropout: float = 0.0,
    seed: int = 0,
) -> list[Tensor]:
    """The expanding path on features of another net -> a list as of `unet`.

    x: pictures (B, S, S, C); levels: features at strides 2, 4, 8... The list begins with (B, S /
    patch, S / patch, width * patch). Pictures themselves get two convolutions, which is the skip
    connection at full size; a `patch` of 2 or 4 leaves out that, and what is finer than itself.
    dropout: of the coarsest level.
    """
    finest = patch.bit_length() - 1
    skips = [None if finest else _double(x, width, False, "down0"), *levels[:-1]]
    x, found = layers.Dropout(dropout, seed=seed, name="dropout")(levels[-1]), []
    for level in reversed(range(finest, len(levels))):
        x = layers.Conv2DTranspose(width << level, 2, 2, name=f"up{level}")(x)
        x = layers.Concatenate(name=f"skip{level}")([skips[level], x])
        x = _double(x, width << level, False, f"merge{level}")
        found.insert(0, x)
    return found


def patches(x: Tensor, width: int, patch: int) -> Tensor:
    """Float pictures (B, S, S, C) -> (B, S / patch, S / patch, width), a cell for each square."""
    return layers.Conv2D(width, patch, patch, name="patches")(x)


def logits(x: Tensor, classes: int, patch: int = 1, name: str = "logits") -> Tensor:
    """Features (B, S / patch, S / patch, F) -> float32 (B, S, S, classes).

    There is a number for each pixel of a patch.
    """
    if patch == 1:
        return layers.Conv2D(classes, 1, dtype="float32", name=name)(x)
    return layers.Conv2DTranspose(classes, patch, patch, dtype="float32", name=name)(x)


def context(depth: int) -> int:
    """Cells around a cell that its class depends on, at most: depth 4 -> 92.

    They are what two 3x3 convolutions a level see.
    """
    return 6 * 2**depth - 4


def smallest(depth: int) -> int:
    """Smallest side of an unpadded net's picture, in cells: its margin has to fit in it."""
    step = 2**depth
    return (context(depth) + step) // step * step + step


def _mirrored(x: Tensor, depth: int) -> Tensor:
    """Adds the margin that unpadded convolutions take away, and what makes all halvings even."""
    side, step, lost = x.shape[1], 2**depth, 2 * context(depth)
    contracted = 2 * 2 * (step - 1)  # cells that the contracting path takes away
    bottom = math.ceil((side + lost - contracted) / step)  # cells where the bottom begins
    extra = bottom * step + contracted - side
    margin = [extra // 2, extra - extra // 2]
    return ops.pad(x, [[0, 0], margin, margin, [0, 0]], "reflect")


def _double(x: Tensor, filters: int, unpadded: bool, name: str) -> Tensor:
    for i in (1, 2):
        x = layers.Conv2D(
            filters,
            3,
            padding="valid" if unpadded else "same",
            use_bias=False,
            kernel_initializer="he_normal",  # section 3 of the paper
            name=f"{name}_conv{i}",
        )(x)
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm{i}")(x)
        x = layers.ReLU(name=f"{name}_relu{i}")(x)
    return x


def _cropped(x: Tensor, side: int, name: str) -> Tensor:
    """The middle of `x`, `side` pixels high and wide."""
    extra = x.shape[1] - side
    if not extra:
        return x
    before = extra // 2
    return layers.Cropping2D([(before, extra - before)] * 2, name=name)(x)
