"""Losses of nets that say what each action is worth."""

from typing import Any

from keras import ops

Tensor = Any


def chosen(values: Tensor, actions: Tensor) -> Tensor:
    """(B,): the values (B, A) of the actions that were taken, (B,) int32."""
    return ops.sum(values * ops.one_hot(actions, values.shape[-1]), -1)


def target(
    rewards: Tensor, ended: Tensor, discount: float, after: Tensor, choosing: Tensor
) -> Tensor:
    """(B,): reward plus discounted value of the best next action; nothing is behind an end, 1.0 in
    `ended`, and an episode that was cut off has not ended.

    after: the target net's values of the next state, (B, A). choosing: the values by which the next
    action is chosen: the same in DQN (Mnih et al. 2015), the learning net's in double DQN (van
    Hasselt et al. 2016, arXiv:1509.06461, eq. 4).
    """
    best = ops.argmax(choosing, -1)
    return rewards + discount * (1 - ended) * chosen(after, best)


def huber(errors: Tensor) -> Tensor:
    """(B,): half the square up to 1, and a line of slope 1 beyond (Huber 1964)."""
    size = ops.abs(errors)
    return ops.where(size < 1, 0.5 * ops.square(errors), size - 0.5)
