"""A 4 x 4 grid world in NumPy: ice to slip on, holes to fall into, a goal; its optimum is computable."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

MAP = ("S...", ".H.H", "...H", "H..G")  # start, hole, goal; after Sutton & Barto's gridworlds
MOVES = ((0, -1), (1, 0), (0, 1), (-1, 0))  # left, down, right, up: rows, columns
ACTIONS = ("left", "down", "right", "up")
SLIP = 0.1  # probability of each of the two moves at right angles to the one that was chosen
LONGEST = 60  # steps of an episode
PARTS = {"train": 1, "validation": 100, "test": 400}  # episodes
SEEDS = {"train": 0, "validation": 1_000_000, "test": 2_000_000}  # of the first episode


@dataclass(frozen=True)
class GridWorld:
    """States 0 to 15 row by row, actions 0 to 3; 1 for reaching the goal, else 0.

    An episode ends in a hole or at the goal, and is cut off after LONGEST steps. What happens in
    episode i follows from `seed` and i alone.
    """

    seed: int = 0

    @property
    def states(self) -> int:
        return len(MAP) ** 2

    def transitions(self) -> np.ndarray:
        """(S, A, S): the probability of each next state; an end stays where it is."""
        side, table = len(MAP), np.zeros((self.states, len(MOVES), self.states))
        for state in range(self.states):
            for action in range(len(MOVES)):
                turns = ((action, 1 - 2 * SLIP), (action - 1, SLIP), (action + 1, SLIP))
                for move, probability in turns:
                    after = self._after(state, move % len(MOVES), side)
                    table[state, action, after] += probability
        return table

    def _after(self, state: int, move: int, side: int) -> int:
        if self.is_end(state):
            return state
        place = np.clip(np.array(divmod(state, side)) + MOVES[move], 0, side - 1)
        return int(place[0] * side + place[1])

    def is_end(self, state: int) -> bool:
        """Whether a state is a hole or the goal."""
        return "".join(MAP)[state] in "HG"

    def reward(self, after: int) -> float:
        """What it is worth to come to a state."""
        return float("".join(MAP)[after] == "G")

    def values(self, discount: float) -> np.ndarray:
        """The optimal values of all states, (S,), by value iteration without a limit of steps."""
        table, values = self.transitions(), np.zeros(self.states)
        rewards = np.array([self.reward(state) for state in range(self.states)])
        going = np.array([not self.is_end(state) for state in range(self.states)])
        for _ in range(10_000):
            best = (table @ (rewards + discount * values * going)).max(1) * going
            if np.abs(best - values).max() < 1e-12:
                return best
            values = best
        return values

    # A Source.

    def fingerprint(self) -> str:
        return hashlib.sha256(
            repr((MAP, MOVES, SLIP, LONGEST, PARTS, self.seed)).encode()
        ).hexdigest()

    def audit(self, method: Any, config: Any) -> list:
        """Nothing can be wrong with it."""
        return []

    def parts(self) -> dict[str, int]:
        return dict(PARTS)

    def train(self, first_step: int, net: Any) -> Any:
        """There are no batches: a method makes its own steps, see `Phase.steps`."""
        raise NotImplementedError

    def held_out(self, name: str) -> Episodes:
        return Episodes(self, SEEDS[name] + self.seed, PARTS[name])


@dataclass(frozen=True)
class Episodes:
    """Episodes with fixed seeds, on which a policy is judged; as examples, all states."""

    world: GridWorld
    first: int
    count: int

    @property
    def names(self) -> list[str]:
        return [f"episode {self.first + i}" for i in range(self.count)]

    def __len__(self) -> int:
        return self.count

    def batches(self, batch_size: int | None = None) -> list:
        """All states, once."""
        return [self.sample(self.world.states)]

    def sample(self, count: int) -> tuple[dict, dict]:
        """Up to `count` states: ({"state": int32 (N,)}, {})."""
        return {"state": np.arange(min(count, self.world.states), dtype=np.int32)}, {}

    def returns(self, choose: Any) -> np.ndarray:
        """The sum of rewards of each episode, (N,). choose: states (M,) -> actions (M,)."""
        table = np.cumsum(self.world.transitions(), -1)
        draws = np.stack([
            np.random.default_rng(self.first + i).random(LONGEST) for i in range(self.count)
        ])  # fmt: skip
        states, total = np.zeros(self.count, np.int64), np.zeros(self.count)
        active = np.ones(self.count, bool)
        for step in range(LONGEST):
            rows = np.flatnonzero(active)
            if not len(rows):
                break
            actions = np.asarray(choose(states[rows].astype(np.int32)))
            ladder = table[states[rows], actions]
            states[rows] = (draws[rows, step, None] >= ladder[:, :-1]).sum(1)
            total[rows] += [self.world.reward(state) for state in states[rows]]
            active[rows] = [not self.world.is_end(state) for state in states[rows]]
        return total
