"""A 4 x 4 grid world in NumPy: ice to slip on, holes to fall into, a goal; its optimum is computable."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from pipelines.environments.plain import Discrete

MAP = ("S...", ".H.H", "...H", "H..G")  # start, hole, goal; after Sutton & Barto's gridworlds
MOVES = ((0, -1), (1, 0), (0, 1), (-1, 0))  # left, down, right, up: rows, columns
SLIP = 0.1  # probability of each of the two moves at right angles to the one that was chosen


class GridWorld:
    """States 0 to 15 row by row, actions 0 to 3; 1 for reaching the goal, else 0.

    An episode ends in a hole or at the goal.
    """

    actions = ("left", "down", "right", "up")
    longest = 60
    episodes = (400, 400)  # that validate and test
    observation_space, action_space = Discrete(len(MAP) ** 2), Discrete(len(MOVES))

    def reset(self, seed: int | None = None) -> tuple[int, dict]:
        self._random, self._state = np.random.default_rng(seed), 0
        return self._state, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict]:
        ladder = _ladders()[self._state, action]
        self._state = int(np.searchsorted(ladder, self._random.random(), side="right"))
        reward = float("".join(MAP)[self._state] == "G")
        return self._state, reward, is_end(self._state), False, {}

    def dynamics(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(going on (S, A, S), rewards (S, A), start (S,)): see `environments.dynamics`."""
        table = transitions()
        goal = np.array([float(place == "G") for place in "".join(MAP)])
        going = np.array([not is_end(state) for state in range(len(goal))], float)
        rewards = (table @ goal) * going[:, None]
        return table * going[:, None, None] * going, rewards, np.eye(len(goal))[0]


def is_end(state: int) -> bool:
    """Whether a state is a hole or the goal."""
    return "".join(MAP)[state] in "HG"


@functools.cache
def transitions() -> np.ndarray:
    """(S, A, S): the probability of each next state; an end stays where it is."""
    count = len(MAP) ** 2
    table = np.zeros((count, len(MOVES), count))
    for state in range(count):
        for action in range(len(MOVES)):
            for turn, probability in ((0, 1 - 2 * SLIP), (-1, SLIP), (1, SLIP)):
                table[state, action, _after(state, (action + turn) % 4)] += probability
    return table


@functools.cache
def _ladders() -> Any:
    return np.cumsum(transitions(), -1)[..., :-1]


def _after(state: int, move: int) -> int:
    if is_end(state):
        return state
    side = len(MAP)
    place = np.clip(np.array(divmod(state, side)) + MOVES[move], 0, side - 1)
    return int(place[0] * side + place[1])
