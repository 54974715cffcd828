"""Features of pictures by name, on which crowds of pictures are compared."""

from collections.abc import Callable

import keras

from pipelines.models import Tensor, perceptual, pretrained

CHOICES = ("efficientnet_lite0", "pixels")
SIDE = 8  # px, to which `pixels` reduces a picture


def best() -> str:
    """The pretrained net if it is installed, and else the pixels."""
    source = pretrained.EFFICIENTNET_LITE0
    return source.name if source.installed() else "pixels"


def named(name: str) -> Callable[[Tensor], Tensor]:
    """A function of pictures (B, S, S, 1 or 3) in [0, 1] -> features (B, F); name: one of CHOICES.

    Raises PipelineError if the weights of the net are not installed.
    """
    if name == "pixels":
        return _pixels
    net = pretrained.efficientnet_lite0()

    def seen(pictures: Tensor) -> Tensor:
        shown = keras.ops.repeat(pictures, 3 // pictures.shape[-1], -1)
        return keras.ops.mean(net(perceptual.scaled(shown), training=False), (1, 2))

    return seen


def _pixels(pictures: Tensor) -> Tensor:
    small = keras.ops.image.resize(pictures, (SIDE, SIDE), antialias=True)
    return keras.ops.reshape(small, (len(pictures), -1))
