"""Discriminators that judge patches of a picture.

PatchGAN: Isola et al. 2017, arXiv:1611.07004, section 3.2.2.
"""

import keras
from keras import layers


def patch_critic(width: int = 64, halvings: int = 3, name: str = "critic") -> keras.Model:
    """keras.Model: float pictures (B, H, W, 3) -> logits (B, h, w, 1), each of one patch.

    Three halvings see 70 x 70 px. Instance normalisation but in the first layer, as in CycleGAN
    (arXiv:1703.10593, appendix 7.2): the layer keeps no statistics, so that what is said of one
    picture depends on no other.
    """
    inputs = x = keras.Input((None, None, 3), name="picture")
    for level in range(halvings + 1):
        last = level == halvings
        filters = width * min(2**level, 8)
        stride = 1 if last else 2
        x = layers.Conv2D(
            filters, 4, stride, "same", kernel_initializer=normal(), name=f"conv{level}"
        )(x)
        if level:
            x = layers.GroupNormalization(-1, epsilon=1e-5, name=f"norm{level}")(x)
        x = layers.LeakyReLU(0.2, name=f"relu{level}")(x)
    x = layers.Conv2D(
        1, 4, padding="same", kernel_initializer=normal(), dtype="float32", name="logits"
    )(x)
    return keras.Model(inputs, x, name=name)


def normal() -> keras.Initializer:
    """N(0, 0.02), as in CycleGAN's appendix 7.1."""
    return keras.initializers.RandomNormal(stddev=0.02)
