"""What is known of a small environment: how likely each next state is, and what it is worth."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pipelines.edge import spaces
from pipelines.errors import PipelineError, brief

MOST = 20_000_000  # numbers of a table of transitions
# With a discount of 1 a policy that never ends may look as good as one that does. This tells them
# apart in float32 as well, and changes a return of some hundred steps by less than 0.1 %.
NEARLY = 1 - 1e-6
ROUNDS = 10_000  # policies that are tried; Howard's iteration takes about as many as states at most
GAIN = 1e-9  # share of a value that is more than what its evaluation is wrong by


class Dynamics(NamedTuple):
    """going: (S, A, S), the probability that an action leads to a state and the episode goes on.
    rewards: (S, A), what an action earns on average. start: (S,), how likely an episode begins
    there.
    """

    going: np.ndarray
    rewards: np.ndarray
    start: np.ndarray


def of(env: Any, name: str) -> Dynamics:
    """The dynamics that an environment knows of itself: by `dynamics()`, or as Gymnasium's `P`.

    Raises PipelineError if it knows none, or if they are not probabilities of its states.
    """
    own = getattr(env, "unwrapped", env)
    if not hasattr(own, "dynamics") and not hasattr(own, "P"):
        raise PipelineError(
            f"{name} does not say how likely each next state is: it has neither dynamics() nor P."
            " Take method=q_learning, which learns without."
        )
    try:
        if hasattr(own, "dynamics"):
            found = Dynamics(*(np.asarray(part, np.float64) for part in own.dynamics()))
        else:
            found = _of_gymnasium(own, name)
    except PipelineError:
        raise
    except Exception as error:  # it is someone else's code
        raise PipelineError(
            f"{name}: what it says of its dynamics cannot be read: {type(error).__name__}: {brief(error)}"
        ) from error
    _check(found, env, name)
    return found


def _of_gymnasium(own: Any, name: str) -> Dynamics:
    """P[state][action] = [(probability, next state, reward, whether the episode ends), ...]."""
    states, actions = len(own.P), len(own.P[0])
    if states * states * actions > MOST:
        raise PipelineError(f"{name} has {states:,} states: too many for a table of transitions.")
    going, rewards = np.zeros((states, actions, states)), np.zeros((states, actions))
    for state in range(states):
        for action in range(actions):
            for probability, after, reward, ended in own.P[state][action]:
                rewards[state, action] += probability * reward
                going[state, action, int(after)] += 0.0 if ended else probability
    return Dynamics(going, rewards, np.ravel(own.initial_state_distrib))


def _check(found: Dynamics, env: Any, name: str) -> None:
    """Raises PipelineError if an environment does not know its dynamics right."""
    states, actions = spaces.count(env.observation_space), spaces.count(env.action_space)
    shapes = [part.shape for part in found]
    wanted = [(states, actions, states), (states, actions), (states,)]
    if shapes != wanted:
        raise PipelineError(
            f"{name}: its dynamics must have the shapes {wanted}, of {states} states and {actions}"
            f" actions; got {shapes}."
        )
    checks = (
        np.isfinite(found.rewards),
        found.going >= 0,
        found.going.sum(-1) <= 1 + 1e-6,
        found.start >= 0,
    )
    if not all(check.all() for check in checks):
        raise PipelineError(
            f"{name}: its dynamics must be finite rewards, and probabilities from 0 to 1 whose sum"
            " over the next states is at most 1."
        )


def optimum(dynamics: Dynamics, discount: float, sweeps: int = 100_000) -> np.ndarray:
    """What each action is worth under the best policy, (S, A), by value iteration.

    A discount above NEARLY is taken as NEARLY. Bellman 1957; Sutton & Barto 2018, section 4.4.
    """
    discount = min(discount, NEARLY)
    values = np.zeros(len(dynamics.rewards))
    table = dynamics.rewards
    for _ in range(sweeps):
        table = dynamics.rewards + discount * dynamics.going @ values
        best = table.max(1)
        if np.abs(best - values).max() < 1e-12:
            break
        values = best
    return table


def improved(dynamics: Dynamics, discount: float) -> np.ndarray:
    """The same by policy iteration: each policy is evaluated exactly; Howard 1960, ibid. 4.3.

    Raises PipelineError if the policies do not settle.
    """
    discount = min(discount, NEARLY)
    count = len(dynamics.rewards)
    rows, policy = np.arange(count), np.zeros(count, int)
    for _ in range(ROUNDS):
        moved = np.eye(count) - discount * dynamics.going[rows, policy]
        values = np.linalg.solve(moved, dynamics.rewards[rows, policy])
        table = dynamics.rewards + discount * dynamics.going @ values
        gain = table.max(1) - table[rows, policy]
        better = gain > GAIN * np.maximum(1.0, np.abs(values))
        if not better.any():
            return table
        policy = np.where(better, table.argmax(1), policy)
    raise PipelineError(
        f"policy iteration has not settled after {ROUNDS:,} policies. Take iteration=value, or a"
        f" smaller discount than {discount:g}."
    )


def expected(dynamics: Dynamics, policy: np.ndarray, steps: int) -> float:
    """The mean return, undiscounted, of a policy (S,) within so many steps, exactly."""
    rows, values = np.arange(len(policy)), np.zeros(len(policy))
    for _ in range(steps):
        values = dynamics.rewards[rows, policy] + dynamics.going[rows, policy] @ values
    return float(dynamics.start @ values)
