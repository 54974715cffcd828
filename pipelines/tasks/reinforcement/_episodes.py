"""Episodes with fixed seeds, on which a policy is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.environments.acting import Acting

TRIED = 5_000  # steps that show what a policy without learning reaches, in 10 episodes or more
CONSTANT = 4  # actions that are tried as constant policies


@dataclass(frozen=True)
class Played:
    """What a policy reached in each of N episodes: returns and lengths, (N,)."""

    returns: np.ndarray
    lengths: np.ndarray


@dataclass(frozen=True)
class Episodes:
    """`count` episodes whose seeds begin at `first`; as examples, states that random actions lead to."""

    make: Callable[[], Acting]
    first: int
    count: int

    @property
    def names(self) -> list[str]:
        return [f"episode {self.first + i}" for i in range(self.count)]

    def __len__(self) -> int:
        return self.count

    def batches(self, batch_size: int | None = None) -> list:
        """Some states, once."""
        return [self.sample(batch_size or 64)]

    def sample(self, count: int) -> tuple[dict, dict]:
        """Up to `count` states: ({"state": int32 (N,) or float32 (N, D)}, {}); all of them if they
        can be counted and are no more."""
        states = self.make().spaces.states
        if states:
            even = np.linspace(0, states - 1, min(count, states)).round().astype(np.int32)
            return {"state": even}, {}
        return {"state": self._visited(count)}, {}

    def _visited(self, count: int) -> np.ndarray:
        """States (count, D) on the way of random actions, spread evenly."""
        world, seen, episode = self.make(), [], 0
        while len(seen) < 4 * count:
            choose, state, over = random_policy(world.spaces, self.first + episode), None, False
            state = world.reset(self.first + episode)
            while not over and len(seen) < 4 * count:
                seen.append(state)
                state, _, ended, cut = world.step(choose(np.array([state]))[0])
                over = ended or cut
            episode += 1
        places = np.linspace(0, len(seen) - 1, count).round().astype(int)
        return np.array(seen, np.float32)[places]

    def play(self, choose: Callable[[np.ndarray], np.ndarray], most: int | None = None) -> Played:
        """All episodes, or the first `most`, in step. choose: states (M, ...) -> actions (M, ...)."""
        count = min(self.count, most or self.count)
        worlds = [self.make() for _ in range(count)]
        states = [world.reset(self.first + i) for i, world in enumerate(worlds)]
        kind = np.int32 if worlds[0].spaces.states else np.float32
        returns, lengths = np.zeros(count), np.zeros(count, np.int64)
        active = list(range(count))
        while active:
            rows = _padded(active, count)
            actions = np.asarray(choose(np.array([states[i] for i in rows], kind)))
            going = []
            for i, action in zip(active, actions, strict=False):
                states[i], reward, ended, cut = worlds[i].step(action)
                returns[i] += reward
                lengths[i] += 1
                if not (ended or cut):
                    going.append(i)
            active = going
        return Played(returns, lengths)


def _padded(active: list[int], count: int) -> list[int]:
    """Rows of a batch of count, count/2, count/4 ... that the active ones fit in, so that a compiled
    net meets few sizes."""
    size = count
    while (size + 1) // 2 >= len(active) and size > 1:
        size = (size + 1) // 2
    return active + active[:1] * (size - len(active))


def random_policy(spaces: Any, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """Actions by chance alone, evenly over all that there are."""
    random = np.random.default_rng(seed)
    if spaces.actions:
        return lambda states: random.integers(len(spaces.actions), size=len(states))
    low, high = np.array(spaces.action_low), np.array(spaces.action_high)
    return lambda states: random.uniform(low, high, (len(states), len(low)))


def constants(spaces: Any) -> list[np.ndarray]:
    """Up to CONSTANT actions that a policy might always take."""
    if spaces.actions:
        even = np.linspace(0, len(spaces.actions) - 1, min(CONSTANT, len(spaces.actions)))
        return [np.array(round(place)) for place in even]
    low, high = np.array(spaces.action_low), np.array(spaces.action_high)
    return [low, (low + high) / 2, high]


def floors(part: Episodes) -> dict[str, float]:
    """{policy: mean return} of random and of constant actions on the first episodes of a part."""
    spaces = part.make().spaces
    most = max(10, TRIED // part.make().longest)
    found = {"random actions": float(part.play(random_policy(spaces, 0), most).returns.mean())}
    # Of a bandit without contexts, each policy is a constant action: only chance is no learning.
    for action in constants(spaces) if spaces.states != 1 else []:
        name = spaces.actions[int(action)] if spaces.actions else np.round(action, 2).tolist()
        mean = part.play(lambda states, a=action: np.array([a] * len(states)), most).returns.mean()
        found[f"always {name}"] = float(mean)
    return found
