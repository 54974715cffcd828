"""Small nets of agents: a state in, what to do or what each action is worth out."""

from typing import Any

import keras
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor
from pipelines.models.one_hot import OneHot

FURTHEST = 10.0  # standard deviations beyond which an observation is cut
TINY = 1e-8


@keras.saving.register_keras_serializable(REGISTERED)
class RunningScale(layers.Layer):
    """(x - mean) / deviation of all observations so far, (B, D), cut at FURTHEST.

    `take` learns from observations: Chan, Golub & LeVeque 1979, as they come. If it does not
    `apply`, it passes x on, and only knows what observations are like.
    """

    def __init__(self, apply: bool = True, **kwargs: Any):
        super().__init__(**kwargs)
        self.apply = apply

    def build(self, input_shape: tuple) -> None:
        size = (input_shape[-1],)
        self.mean = self.add_weight(shape=size, trainable=False, name="mean", initializer="zeros")
        self.variance = self.add_weight(
            shape=size, trainable=False, name="variance", initializer="ones"
        )
        self.seen = self.add_weight(shape=(), trainable=False, name="seen", initializer="zeros")

    def call(self, x: Tensor) -> Tensor:
        if not self.apply:
            return x
        scaled = (x - self.mean) * ops.rsqrt(self.variance + TINY)
        return ops.clip(scaled, -FURTHEST, FURTHEST)

    def take(self, states: Any) -> None:
        """Learns from states, NumPy (N, D)."""
        mean, variance, seen = (ops.convert_to_numpy(v) for v in self.weights)
        count = len(states)
        total = seen + count
        gap = states.mean(0) - mean
        spread = variance * seen + states.var(0) * count + gap**2 * seen * count / total
        self.set_weights([mean + gap * count / total, spread / total, total])

    def get_config(self) -> dict:
        return {**super().get_config(), "apply": self.apply}


@keras.saving.register_keras_serializable(REGISTERED)
class Spread(layers.Layer):
    """The logarithm of a Gaussian's deviation, (B, D), the same for all states; trained."""

    def __init__(self, first: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.first = first

    def build(self, input_shape: tuple) -> None:
        start = keras.initializers.Constant(self.first)
        self.log_std = self.add_weight(shape=(input_shape[-1],), initializer=start, name="log_std")

    def call(self, x: Tensor) -> Tensor:
        return ops.zeros_like(x) + self.log_std

    def get_config(self) -> dict:
        return {**super().get_config(), "first": self.first}


def state(states: int, size: int, normalise: bool) -> tuple[Tensor, Tensor]:
    """(input "state", what the net sees of it, (B, F)): a one-hot vector of a state's number, or
    the vector itself, maybe brought to one scale."""
    if states:
        given = keras.Input((), dtype="int32", name="state")
        return given, OneHot(states, name="scale")(given)
    given = keras.Input((size,), name="state")
    return given, RunningScale(normalise, name="scale")(given)


def branch(
    x: Tensor, widths: tuple[int, ...], activation: str, name: str, out: int, gain: float
) -> Tensor:
    """Hidden layers and a linear one of `out` units, (B, out), all orthogonal at first.

    gain: of the last layer's weights at first; the hidden ones have sqrt(2) (Engstrom et al. 2020,
    arXiv:2005.12729, section 3).
    """
    for i, width in enumerate(widths):
        start = keras.initializers.Orthogonal(2**0.5)
        x = layers.Dense(width, activation, kernel_initializer=start, name=f"{name}{i}")(x)
    start = keras.initializers.Orthogonal(gain)
    return layers.Dense(out, kernel_initializer=start, name=f"{name}_out")(x)


def seen(net: keras.Model, states: Any) -> None:
    """Tells a net what observations are like, NumPy (N, D); nothing if they are counted."""
    scale = net.get_layer("scale")
    if isinstance(scale, RunningScale):
        scale.take(states)
