"""Returns and advantages of stretches of experience; being cut off is no end of a return."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def advantages(
    rewards: Array,
    values: Array,
    after: Array,
    ended: Array,
    over: Array,
    discount: float,
    share: float,
) -> Array:
    """Generalised advantages, (T, N) as all arguments: Schulman et al. 2016, arXiv:1506.02438, eq.
    16.

    values, after: what the states before and after each step are worth; `after` of an episode that
    was cut off is its own last state. ended: there is no value behind; over: ended or cut off.
    share: lambda, 1 for returns minus values, 0 for errors of one step.
    """
    errors = rewards + discount * after * ~ended - values
    found, last = np.zeros_like(errors), np.zeros(errors.shape[1:])
    for t in reversed(range(len(errors))):
        last = errors[t] + discount * share * ~over[t] * last
        found[t] = last
    return found


def to_go(rewards: Array, behind: float, discount: float) -> Array:
    """The return from each step of one episode on, (T,). behind: what the last state is worth, 0 if
    the episode ended there."""
    found, total = np.zeros(len(rewards)), behind
    for t in reversed(range(len(rewards))):
        total = rewards[t] + discount * total
        found[t] = total
    return found
