"""Restricted Boltzmann machines: energies, conditional probabilities, Gibbs sampling, mean field.

The energy of visible units x and hidden units h is -x b - h c - x W h, Hinton 2002, "Training
Products of Experts by Minimizing Contrastive Divergence"; with Gaussian visible units of variance 1
the first term is |x - b|^2 / 2. A deep machine of two hidden layers is such a machine, too: its
second layer has no connection with the picture, so the two together are the visible units of the
first layer (Salakhutdinov & Hinton 2009, "Deep Boltzmann Machines", figure 2). The units of the
second layer then are the last ones of x, and are called latent here.
"""

from typing import NamedTuple

import keras
from keras import ops

from pipelines.ops import Tensor
from pipelines.parts import IN_FLOAT


class Machine(NamedTuple):
    """Its numbers: weights (V, H), biases of visible (V,) and of hidden units (H,)."""

    weights: Tensor
    visible: Tensor
    hidden: Tensor


class Noise(NamedTuple):
    """Random numbers of K Gibbs steps of B chains: hidden (B, K, H), uniform in [0, 1); visible
    (B, K, V), likewise, or normal if the visible units are Gaussian."""

    hidden: Tensor
    visible: Tensor


def hidden_probability(x: Tensor, own: Machine, gain: float = 1.0) -> Tensor:
    """(B, V) -> (B, H), how likely each hidden unit is 1. gain: factor of what comes from x."""
    return ops.sigmoid(gain * ops.matmul(x, own.weights) + own.hidden)


def visible_input(hidden: Tensor, own: Machine, gain: float = 1.0) -> Tensor:
    """(B, H) -> (B, V): the mean of Gaussian units, the log odds of binary ones."""
    return gain * ops.matmul(hidden, ops.transpose(own.weights)) + own.visible


def free_energy(x: Tensor, own: Machine, is_gaussian: bool = False) -> Tensor:
    """(B, V) -> (B,), nats: -log of the sum of exp(-energy) over all states of the hidden units."""
    given = ops.matmul(x, own.weights) + own.hidden
    with keras.name_scope(IN_FLOAT):  # a small difference of large numbers
        each = 0.5 * ops.square(x - own.visible) if is_gaussian else -x * own.visible
        return ops.sum(each, -1) - ops.sum(ops.softplus(given), -1)


def gibbs(
    x: Tensor,
    own: Machine,
    noise: Noise,
    is_gaussian: bool = False,
    up: float = 1.0,
    down: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """K steps from x (B, V), hidden units and then visible ones -> (x, what x was drawn from).

    up, down: factors of what comes from the visible and from the hidden units.
    """

    given = x
    for i in range(noise.hidden.shape[1]):  # int8 files cannot be calibrated with a loop in them
        hidden = ops.cast(noise.hidden[:, i] < hidden_probability(x, own, up), "float32")
        given = visible_input(hidden, own, down)
        if is_gaussian:
            x = given + noise.visible[:, i]
        else:
            given = ops.sigmoid(given)
            x = ops.cast(noise.visible[:, i] < given, "float32")
    return x, given


def mean_field(x: Tensor, own: Machine, latent: int, steps: int) -> tuple[Tensor, Tensor]:
    """Pictures (B, V - latent) -> (first layer (B, H), second layer (B, latent)), in [0, 1].

    Each layer is set to what the other one says of it, by turns: Salakhutdinov & Hinton 2009,
    equation 8. Before the first turn the second layer says as much as the picture.
    """
    size = own.weights.shape[0] - latent
    below, across = own.weights[:size], own.weights[size:]
    given = ops.matmul(x, below) + own.hidden
    first = ops.sigmoid(given + ops.matmul(x, below))
    second = ops.sigmoid(ops.matmul(first, ops.transpose(across)) + own.visible[size:])
    for _ in range(steps):
        first = ops.sigmoid(given + ops.matmul(second, across))
        second = ops.sigmoid(ops.matmul(first, ops.transpose(across)) + own.visible[size:])
    return first, second


def bound(x: Tensor, first: Tensor, second: Tensor, own: Machine) -> Tensor:
    """A lower bound of log of the sum of exp(-energy) over both hidden layers, nats (B,).

    x: binary (B, V - latent). first, second: of `mean_field`. Salakhutdinov & Hinton 2009, equation
    5: the mean of -energy, and the entropy of the units.
    """
    given = visible_input(first, own)
    with keras.name_scope(IN_FLOAT):
        both = ops.concatenate([x, second], -1)
        mean = ops.sum(given * both, -1) + ops.sum(first * own.hidden, -1)
        return mean + entropy(first) + entropy(second)


def entropy(odds: Tensor) -> Tensor:
    """Of independent binary units (B, N), nats (B,)."""
    safe = ops.clip(odds, 1e-6, 1 - 1e-6)
    return -ops.sum(safe * ops.log(safe) + (1 - safe) * ops.log(1 - safe), -1)


def summed(x: Tensor, own: Machine, latent: int) -> Tensor:
    """log of the sum of exp(-energy) over both hidden layers, exactly, nats (B,).

    x: binary (B, V - latent). All 2^H states of the first layer are gone through at once.
    """
    size, count = own.weights.shape[0] - latent, own.weights.shape[1]
    states = (ops.arange(2**count)[:, None] // 2 ** ops.arange(count)) % 2
    states = ops.cast(states, "float32")
    across = ops.matmul(states, ops.transpose(own.weights[size:])) + own.visible[size:]
    alone = ops.matmul(states, own.hidden) + ops.sum(ops.softplus(across), -1)
    given = ops.matmul(ops.matmul(x, own.weights[:size]), ops.transpose(states))
    return ops.logsumexp(given + alone, -1) + ops.matmul(x, own.visible[:size])
