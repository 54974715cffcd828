"""U-Net: Ronneberger et al. 2015, arXiv:1505.04597, figure 1; unpadded as there, or padded as it is used today.

Deviations: batch normalisation after each convolution (the paper has none); width and depth are given (the paper: 64
and 4); unpadded, the mirrored margin that the paper cuts out of larger pictures is made inside the net, so that the
output is as large as the input.
"""

from keras import layers, ops

MOMENTUM = 0.9  # Keras's 0.99 needs hundreds of steps to forget its start


def unet(x, width=16, depth=4, unpadded=False, dropout=0.0, seed=0):
    """Float pictures (B, S, S, C), S a multiple of 2 ** depth -> features (B, S, S, width)."""
    side, skips = x.shape[1], []
    if unpadded:
        x = _mirrored(x, depth)
    for level in range(depth):
        x = _double(x, width << level, unpadded, f"down{level}")
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"pool{level}")(x)
    x = _double(x, width << depth, unpadded, "bottom")
    x = layers.Dropout(dropout, seed=seed, name="dropout")(x)  # section 3.1 of the paper: at the contracting path's end
    for level in reversed(range(depth)):
        x = layers.Conv2DTranspose(width << level, 2, 2, name=f"up{level}")(x)
        x = layers.Concatenate(name=f"skip{level}")([_cropped(skips[level], x.shape[1], f"crop{level}"), x])
        x = _double(x, width << level, unpadded, f"merge{level}")
    return _cropped(x, side, "cut")


def on_pyramid(x, levels, width=16):
    """The expanding path on features of another net: pictures (B, S, S, C), levels at strides 2, 4, 8... -> as `unet`.

    Pictures themselves get two convolutions, which is the skip connection at full size.
    """
    skips = [_double(x, width, False, "down0"), *levels[:-1]]
    x = levels[-1]
    for level in reversed(range(len(levels))):
        x = layers.Conv2DTranspose(width << level, 2, 2, name=f"up{level}")(x)
        x = layers.Concatenate(name=f"skip{level}")([skips[level], x])
        x = _double(x, width << level, False, f"merge{level}")
    return x


def context(depth):
    """Pixels around a pixel that its class depends on, at most: what two 3x3 convolutions a level see. 4 -> 92."""
    return 6 * 2**depth - 4


def smallest(depth, unpadded):
    """Smallest side of a picture, in pixels: the bottom has one cell, and a mirrored margin fits into the picture."""
    step = 2**depth
    return (context(depth) + step) // step * step + step if unpadded else step


def _mirrored(x, depth):
    """Adds the margin that unpadded convolutions take away, and as much as makes all halvings even."""
    side, step, lost = x.shape[1], 2**depth, 2 * context(depth)
    bottom = -(-(side + lost - 2 * 2 * (step - 1)) // step)  # cells where the bottom begins
    total = bottom * step + 2 * 2 * (step - 1)
    before = (total - side) // 2
    return ops.pad(x, [[0, 0], [before, total - side - before], [before, total - side - before], [0, 0]], "reflect")


def _double(x, filters, unpadded, name):
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


def _cropped(x, side, name):
    """The middle of `x`, `side` pixels high and wide."""
    extra = x.shape[1] - side
    if not extra:
        return x
    before = extra // 2
    return layers.Cropping2D([(before, extra - before)] * 2, name=name)(x)
