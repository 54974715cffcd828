"""Several environments at once, each with its next episode when one ends; exact after a kill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipelines.environments.acting import Acting
from pipelines.environments.held import Held

FIRST = 10_000_000  # seeds of training are above those of validation and test
RECENT = 20  # episodes whose mean return is told


@dataclass(frozen=True)
class Moment:
    """One step of N environments.

    states, after: observations before and after, (N,) or (N, D); `after` of an episode that is over
    is its own last one. rewards, ended, cut: (N,).
    """

    states: np.ndarray
    after: np.ndarray
    rewards: np.ndarray
    ended: np.ndarray
    cut: np.ndarray


def seed_of(seed: int, episode: int) -> int:
    """The seed of an episode of a training that has the seed `seed`."""
    drawn = np.random.SeedSequence((seed, episode)).generate_state(1)[0]
    return FIRST + int(drawn) % 1_000_000_000


class Place:
    """Where N environments are, as a checkpoint keeps it: `kept`.

    The number of each one's episode and its actions so far, at most `longest`; the number of the
    next episode; the returns of the latest RECENT episodes that are over.
    """

    def __init__(self, count: int, longest: int, width: int):
        self.episodes, self.lengths = Held((count,), "int64"), Held((count,), "int64")
        self.actions = Held((count, longest, width))
        self.next, self.over = Held((1,), "int64"), Held((1,), "int64")
        self.recent = Held((RECENT,), "float64")
        self.episodes.assign(np.arange(count))
        self.next.assign(np.array([count]))

    @property
    def kept(self) -> list[Held]:
        return [self.episodes, self.lengths, self.actions, self.next, self.over, self.recent]

    def finish(self, total: float) -> None:
        """Notes the return of an episode that is over."""
        self.recent.value[self.over.value[0] % RECENT] = total
        self.over.value[0] += 1

    @property
    def mean_return(self) -> float:
        """Of the latest episodes; 0 before the first."""
        count = min(RECENT, int(self.over.value[0]))
        return float(self.recent.value[:count].mean()) if count else 0.0


class Several:
    """N environments in step. `states` are their observations now.

    place: where they are, which `settle` brings about by doing the actions so far again.
    """

    def __init__(self, make: Callable[[], Acting], place: Place, seed: int):
        self.count, self.seed, self.place = len(place.episodes.value), seed, place
        self._worlds = [make() for _ in range(self.count)]
        self.spaces = self._worlds[0].spaces
        self._totals = [0.0] * self.count
        self.states: np.ndarray = np.zeros(0)

    def means(self, i: int) -> np.ndarray | None:
        """What the actions of environment i earn now on average, if it tells, as a bandit does."""
        return getattr(self._worlds[i].env, "means", None)

    def settle(self) -> None:
        """Brings each environment to where `kept` says that it is."""
        states = []
        for i, world in enumerate(self._worlds):
            state = world.reset(seed_of(self.seed, int(self.place.episodes.value[i])))
            self._totals[i] = 0.0
            for chosen in self.place.actions.value[i, : self.place.lengths.value[i]]:
                state, reward, _, _ = world.step(self._own(chosen))
                self._totals[i] += reward
            states.append(state)
        self.states = self._array(states)

    def step(self, chosen: np.ndarray) -> Moment:
        """chosen: (N,) numbers of actions, or (N, width)."""
        before, after, begun = self.states, [], []
        rewards, ended, cut = (np.zeros(self.count, t) for t in (np.float64, bool, bool))
        recorded = np.asarray(chosen, np.float32).reshape(self.count, -1)
        for i, world in enumerate(self._worlds):
            state, rewards[i], ended[i], cut[i] = world.step(self._own(recorded[i]))
            after.append(state)
            self._totals[i] += rewards[i]
            self.place.actions.value[i, self.place.lengths.value[i]] = recorded[i]
            self.place.lengths.value[i] += 1
            if ended[i] or cut[i]:
                self.place.finish(self._totals[i])
                state = self._begin(i, world)
            begun.append(state)
        self.states = self._array(begun)
        return Moment(before, self._array(after), rewards, ended, cut)

    def _own(self, recorded: np.ndarray):
        """An action as it was recorded -> as an environment takes it: float32 in both cases."""
        return recorded if self.spaces.action_low else int(recorded[0])

    def _begin(self, i: int, world: Acting):
        self.place.episodes.value[i] = self.place.next.value[0]
        self.place.next.value[0] += 1
        self.place.lengths.value[i], self._totals[i] = 0, 0.0
        return world.reset(seed_of(self.seed, int(self.place.episodes.value[i])))

    def _array(self, states: list) -> np.ndarray:
        return np.array(states, np.int32 if self.spaces.states else np.float32)
