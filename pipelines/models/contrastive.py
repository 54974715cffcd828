"""Contrastive divergence: steps that lower the energy of data and raise that of Gibbs samples.

Hinton 2002, "Training Products of Experts by Minimizing Contrastive Divergence"; Tieleman 2008,
"Training Restricted Boltzmann Machines using Approximations to the Likelihood Gradient", with
chains that persist. Deviations: the gradient is centred on the means of data and samples (Melchior
et al. 2016, "How to Center Deep Boltzmann Machines", section 2), which `is_centred` turns off; what
is kept is the moving average of weights and biases (Swersky et al. 2010).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from pipelines.models import Tensor
from pipelines.ops import boltzmann
from pipelines.ops.boltzmann import Machine, Noise

AVERAGE_WARMUP = 10.0  # the average forgets the first weights as (1 + t) / (10 + t) grows


@dataclass(frozen=True)
class Rule:
    """What all steps of a training have in common.

    persists: whether Gibbs chains go on from step to step (PCD) or begin at the data (CD). latent,
    turns: of a deep machine. up, down: factors of what comes from visible and from hidden units, as
    one machine of a stack has them. trains: factors of the gradient of weights and both biases.
    """

    gibbs_steps: int = 1
    chains: int = 100
    persists: bool = True
    is_gaussian: bool = False
    is_centred: bool = True
    momentum: float = 0.0
    weight_decay: float = 0.0
    average: float = 0.0
    latent: int = 0
    turns: int = 10
    up: float = 1.0
    down: float = 1.0
    trains: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def noise(self, shape: tuple[int, int], batch: int, seed: int, step: int) -> Noise:
        """The random numbers of a step, which follow from (seed, step). shape: (V, H)."""
        random = np.random.default_rng((seed, step))
        count = self.chains if self.persists else batch
        sizes = [(count, self.gibbs_steps, units) for units in shape]
        draw = random.standard_normal if self.is_gaussian else random.random
        return Noise(random.random(sizes[1], np.float32), draw(sizes[0], np.float32))


class State(NamedTuple):
    """What a step changes: the machine, its speed and its average, and the chains (C, V)."""

    now: Machine
    velocity: Machine
    average: Machine
    chains: Tensor


class Moments(NamedTuple):
    """Means over examples: of visible units (V,), of hidden ones (H,), of their products (V, H)."""

    visible: Tensor
    hidden: Tensor
    products: Tensor


def moments(x: Tensor, hidden: Tensor) -> Moments:
    """x: (B, V). hidden: (B, H), probabilities."""
    count = ops.cast(ops.shape(x)[0], "float32")
    products = ops.matmul(ops.transpose(x), hidden) / count
    return Moments(ops.mean(x, 0), ops.mean(hidden, 0), products)


def gradient(data: Moments, model: Moments, is_centred: bool) -> Machine:
    """How the mean log-likelihood of the data rises, if the moments are the true ones.

    is_centred: then it is the rise by the parameters of a machine whose units have the means of
    data and model taken off; the direction differs, the optimum does not.
    """
    wanted = Moments(*(a - b for a, b in zip(data, model, strict=True)))
    if not is_centred:
        return Machine(wanted.products, wanted.visible, wanted.hidden)
    visible, hidden = (data[i] / 2 + model[i] / 2 for i in range(2))
    weights = (
        wanted.products
        - visible[:, None] * wanted.hidden[None]
        - wanted.visible[:, None] * hidden[None]
    )
    return Machine(
        weights,
        wanted.visible - ops.matmul(weights, hidden),
        wanted.hidden - ops.matmul(visible, weights),
    )


def update(
    state: State, batch: Tensor, noise: Noise, rate: Tensor, average: Tensor, rule: Rule
) -> tuple[State, Tensor]:
    """One step on pictures (B, D) -> (what follows, mean squared error of the pictures made anew).

    average: the share of the average that stays.
    """
    now = state.now
    x, hidden = _of_data(batch, now, rule)
    chains, _ = boltzmann.gibbs(
        state.chains if rule.persists else x, now, noise, rule.is_gaussian, rule.up, rule.down
    )
    model = moments(chains, boltzmann.hidden_probability(chains, now, rule.up))
    rise = gradient(moments(x, hidden), model, rule.is_centred)
    rise = rise._replace(weights=rise.weights - rule.weight_decay * now.weights)
    velocity = Machine(*(
        rule.momentum * old + rate * share * new
        for old, share, new in zip(state.velocity, rule.trains, rise, strict=True)
    ))  # fmt: skip
    after = Machine(*(old + new for old, new in zip(now, velocity, strict=True)))
    kept = Machine(*(
        average * old + (1 - average) * new
        for old, new in zip(state.average, after, strict=True)
    ))  # fmt: skip
    kept_chains = chains if rule.persists else state.chains
    return State(after, velocity, kept, kept_chains), _error(x, hidden, now, rule)


def _of_data(batch: Tensor, own: Machine, rule: Rule) -> tuple[Tensor, Tensor]:
    """(visible units (B, V), hidden ones (B, H)) of pictures."""
    if not rule.latent:
        return batch, boltzmann.hidden_probability(batch, own, rule.up)
    first, second = boltzmann.mean_field(batch, own, rule.latent, rule.turns)
    return ops.concatenate([batch, second], -1), first


def _error(x: Tensor, hidden: Tensor, own: Machine, rule: Rule) -> Tensor:
    given = boltzmann.visible_input(hidden, own, rule.down)
    size = x.shape[-1] - rule.latent
    made = given if rule.is_gaussian else ops.sigmoid(given)
    return ops.mean(ops.square(made[:, :size] - x[:, :size]))


class Kept:
    """A tensor that a checkpoint keeps as it keeps a variable, and that costs no more than one."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape, self.value = shape, ops.zeros(shape)

    def assign(self, array: np.ndarray) -> None:
        """Takes another tensor of this shape."""
        self.value = ops.convert_to_tensor(np.asarray(array, np.float32))


class Learner:
    """Takes steps on a machine of (V, H) units; `memory` is all that they change."""

    def __init__(self, shape: tuple[int, int], rule: Rule):
        self.rule, self._shape = rule, shape
        machine = [shape, shape[:1], shape[1:]]
        chains = (rule.chains if rule.persists else 1, shape[0])
        self.memory = [Kept(size) for size in [*machine, *machine, *machine, chains]]
        self._update = _compiled(lambda *given: update(*given, rule))

    @property
    def average(self) -> Machine:
        """What is kept of the training so far."""
        return Machine(*(kept.value for kept in self.memory[6:9]))

    def begin(self, start: Machine, base: np.ndarray, seed: int) -> None:
        """Stands still at `start`, with new chains. base: biases (V,) that they are drawn from."""
        random, shape = np.random.default_rng(seed), self.memory[-1].shape
        if self.rule.is_gaussian:
            chains = random.standard_normal(shape)
        else:
            chains = random.random(shape) < 1 / (1 + np.exp(-base))
        still = [np.zeros(kept.shape) for kept in self.memory[3:6]]
        for kept, values in zip(self.memory, [*start, *still, *start, chains], strict=True):
            kept.assign(values)

    def step(self, batch: Tensor, rate: float, seed: int, step: int, done: int) -> float:
        """One step -> the error. step: of the run; done: steps before it, of this learner."""
        values = [kept.value for kept in self.memory]
        state = State(*(Machine(*values[at : at + 3]) for at in (0, 3, 6)), values[9])
        stays = min(self.rule.average, (1 + done) / (AVERAGE_WARMUP + done))
        noise = self.rule.noise(self._shape, len(batch), seed, step)
        numbers = (np.float32(rate), np.float32(stays))
        state, error = self._update(state, batch, noise, *numbers)
        changed = [*state.now, *state.velocity, *state.average, state.chains]
        for kept, value in zip(self.memory, changed, strict=True):
            kept.value = value
        return float(error)


def _compiled(function: Callable) -> Callable:
    """`function` of structures of arrays, as a graph under TensorFlow, jitted under JAX."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, reduce_retracing=True, autograph=False)
    import jax

    return jax.jit(function)
