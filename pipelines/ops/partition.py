"""The partition function of a Boltzmann machine: exactly, or by annealed importance sampling."""

import math
from typing import NamedTuple

import numpy as np

from pipelines.ops.boltzmann import Machine

EXACT = 20  # units of the smaller side up to which all states are gone through
BLOCK = 2**18  # terms that are looked at at once: 2 MB
Z = 1.96  # two-sided 95 %
WIDEST = 1 - 1e-9  # share of the mean that the interval goes below it, so that it ends somewhere


class Estimate(NamedTuple):
    """log Z, nats, and its 95 % interval, which is a point if it is exact."""

    value: float
    low: float
    high: float


def is_exact(weights: np.ndarray, is_gaussian: bool = False, most: float = math.inf) -> bool:
    """Whether one side has at most EXACT units, and its states times the other side's units are at
    most `most`. Gaussian visible units have no states."""
    others, units = weights.shape if is_gaussian else sorted(weights.shape, reverse=True)
    return units <= EXACT and 2**units * others <= most


def exact(own: Machine, is_gaussian: bool = False) -> float:
    """log Z, nats: a sum over all states of the smaller side, the other one in closed form."""
    weights, visible, hidden = (np.asarray(values, np.float64) for values in own)
    if weights.shape[0] < weights.shape[1] and not is_gaussian:
        weights, visible, hidden = weights.T, hidden, visible
    others, units = weights.shape
    low = min(units, max(0, int(math.log2(BLOCK / others))))
    near, far = _states(low), _states(units - low)
    given, own_near = near @ weights[:, :low].T, near @ hidden[:low]
    total = -math.inf
    for state in far:  # the states of the first units come again with each state of the others
        more = weights[:, low:] @ state
        logs = own_near + hidden[low:] @ state + _summed(given + more, visible, is_gaussian)
        total = np.logaddexp(total, np.logaddexp.reduce(logs))
    return float(total)


def _states(count: int) -> np.ndarray:
    """All states of binary units, float64 (2^count, count)."""
    return ((np.arange(2**count)[:, None] >> np.arange(count)) & 1).astype(np.float64)


def _summed(given: np.ndarray, bias: np.ndarray, is_gaussian: bool) -> np.ndarray:
    """log of the sum, or integral, over visible units that get `given` (B, V) -> (B,)."""
    if is_gaussian:
        size = len(bias)
        return given @ bias + 0.5 * (given**2).sum(-1) + 0.5 * size * math.log(2 * math.pi)
    return _softplus(given + bias).sum(-1)


def annealed(
    own: Machine,
    base: np.ndarray,
    steps: int,
    chains: int,
    seed: int,
    is_gaussian: bool = False,
) -> Estimate:
    """log Z by annealed importance sampling: Salakhutdinov & Murray 2008, section 4.2.

    `chains` go in `steps` temperatures from a machine without connections, whose visible units have
    the biases `base` (V,), to this one. The interval is of the mean of their weights, by the normal
    distribution; it says nothing of parts of the distribution that no chain has found.
    """
    machine = Machine(*(np.asarray(values, np.float32) for values in own))
    random, base = np.random.default_rng(seed), np.asarray(base, np.float32)
    count, hidden = len(base), machine.weights.shape[1]
    x = _drawn(np.broadcast_to(base, (chains, count)), random, is_gaussian)
    logs, before = np.zeros(chains), _log_weight(x, machine, base, 0.0, is_gaussian)
    for share in np.linspace(0, 1, steps + 1)[1:].astype(np.float32):
        logs += _log_weight(x, machine, base, share, is_gaussian) - before
        odds = _sigmoid(share * (x @ machine.weights + machine.hidden))
        states = (random.random((chains, hidden), np.float32) < odds).astype(np.float32)
        given = share * (states @ machine.weights.T + machine.visible) + (1 - share) * base
        x = _drawn(given, random, is_gaussian)
        before = _log_weight(x, machine, base, share, is_gaussian)
    start = float(_summed(np.zeros((1, count)), base.astype(np.float64), is_gaussian)[0])
    return _estimate(logs, start + hidden * math.log(2))


def _log_weight(
    x: np.ndarray, own: Machine, base: np.ndarray, share: np.float32, is_gaussian: bool
) -> np.ndarray:
    """log of the unnormalised probability of x at a temperature, hidden units summed over, (B,)."""
    bias = share * own.visible + (1 - share) * base
    alone = -0.5 * ((x - bias) ** 2).sum(-1) if is_gaussian else x @ bias
    return alone + _softplus(share * (x @ own.weights + own.hidden)).sum(-1, dtype=float)


def _drawn(given: np.ndarray, random: np.random.Generator, is_gaussian: bool) -> np.ndarray:
    if is_gaussian:
        return given + random.standard_normal(given.shape, np.float32)
    return (random.random(given.shape, np.float32) < _sigmoid(given)).astype(np.float32)


def _softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + e^x), by what NumPy computes fastest."""
    return np.maximum(x, 0) + np.log(1 + np.exp(-np.abs(x)))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def _estimate(logs: np.ndarray, start: float) -> Estimate:
    """The mean of weights, as logs (N,), with what they are weights of."""
    top = logs.max()
    weights = np.exp(logs - top)
    mean = weights.mean()
    error = float(Z * weights.std(ddof=1) / math.sqrt(len(weights)) / mean)
    value = float(start + top + math.log(mean))
    return Estimate(value, value + math.log1p(-min(error, WIDEST)), value + math.log1p(error))
