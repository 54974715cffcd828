"""Two halves of a net, a picture on one side and a few numbers on the other.

Hinton & Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks".
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import keras
from keras import layers

from pipelines.models import Tensor
from pipelines.models.halving import halvings
from pipelines.models.one_hot import OneHot

LEAST = 3  # pixels of a side that convolutions have halved
CHANNELS = 4  # convolutions begin with the `width` divided by it, and double at each halving


@dataclass(frozen=True)
class Plan:
    """What both halves are made of.

    shape: (H, W, C) of the picture. net: dense, linear or convolutional. width: units of a hidden
    layer. depth: hidden layers. classes: how many a label may be of; 0 takes no label.
    """

    shape: tuple[int, int, int]
    net: str = "dense"
    width: int = 256
    depth: int = 1
    classes: int = 0

    @property
    def halvings(self) -> int:
        """How often a convolution halves the side."""
        return halvings(min(self.shape[:2]), LEAST) if self.net == "convolutional" else 0

    @property
    def hidden(self) -> int:
        return 0 if self.net == "linear" else self.depth

    def channels(self, level: int) -> int:
        """Of the convolution that has halved the side `level` times."""
        return max(1, self.width // CHANNELS) << max(0, level - 1)


def encoder(
    plan: Plan, size: int, heads: Sequence[str] = ("latent",), law: str | None = None
) -> keras.Model:
    """{"image": uint8 (B, H, W, C), maybe "label": (B,)} -> {head: (B, size)}.

    law: what the numbers go through last, such as relu; None leaves them as they are. Each head is
    a layer of its own: parts of one layer would share the scale of int8 files.
    """
    image = keras.Input(plan.shape, dtype="uint8", name="image")
    x = layers.Rescaling(1 / 255.0, name="scaled")(image)
    for level in range(1, plan.halvings + 1):
        convolution = layers.Conv2D(
            plan.channels(level), 3, 2, "same", activation="relu", name=f"down_{level}"
        )
        x = convolution(x)
    x = layers.Flatten(name="flat")(x)
    inputs, x = _with_label(plan, {"image": image}, x)
    for i in range(plan.hidden):
        x = layers.Dense(plan.width, activation="relu", name=f"encoder_{i}")(x)
    ends = [layers.Dense(size, law, dtype="float32", name=name) for name in heads]
    made = {end.name: end(x) for end in ends}
    return keras.Model(inputs, made, name="encoder")


def decoder(plan: Plan, size: int) -> keras.Model:
    """{"latent": (B, size), maybe "label": (B,)} -> (B, H, W, C), any real numbers."""
    latent = keras.Input((size,), name="latent")
    inputs, x = _with_label(plan, {"latent": latent}, latent)
    for i in reversed(range(plan.hidden)):
        x = layers.Dense(plan.width, activation="relu", name=f"decoder_{i}")(x)
    if not plan.halvings:
        x = layers.Dense(math.prod(plan.shape), dtype="float32", name="pixels")(x)
        return keras.Model(inputs, layers.Reshape(plan.shape, name="picture")(x), name="decoder")
    high, wide = (side >> plan.halvings for side in plan.shape[:2])
    start = (high, wide, plan.channels(plan.halvings))
    x = layers.Dense(math.prod(start), activation="relu", name="spread")(x)
    x = layers.Reshape(start, name="grid")(x)
    for level in reversed(range(plan.halvings)):
        turned = layers.Conv2DTranspose(
            plan.channels(level), 4, 2, "same", activation="relu", name=f"up_{level}"
        )
        x = turned(x)
    last = layers.Conv2D(plan.shape[-1], 3, padding="same", dtype="float32", name="pixels")
    return keras.Model(inputs, last(x), name="decoder")


def _with_label(plan: Plan, inputs: dict, x: Tensor) -> tuple[dict, Tensor]:
    """(inputs, x) with the label behind the numbers, if there is one."""
    if not plan.classes:
        return inputs, x
    label = keras.Input((), dtype="int32", name="label")
    known = OneHot(plan.classes, name="one_hot")(label)
    joined = layers.Concatenate(name="with_label")([x, known])
    return {**inputs, "label": label}, joined
