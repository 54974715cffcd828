"""An environment as what a run learns from: its fingerprint, its audit, its episodes."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.environments import naming
from pipelines.environments.acting import Acting
from pipelines.environments.spaces import Spaces
from pipelines.formats.examples import Problem
from pipelines.tasks.reinforcement import _checks
from pipelines.tasks.reinforcement._episodes import Episodes

SEEDS = {"train": 3_000_000, "validation": 1_000_000, "test": 2_000_000}  # of the first episode
EPISODES = (20, 100)  # that validate and test if the environment says nothing of it


@dataclass(frozen=True)
class World:
    """A `Source`: `make` gives the environment called `name`, ready to act in.

    counts: episodes by part. version: of the environment, as far as it says one.
    """

    name: str
    make: Callable[[], Acting]
    spaces: Spaces
    counts: Mapping[str, int]
    version: str

    @property
    def source(self) -> str:
        """What a run's files call it."""
        return f"world:{self.name}" if self.name in naming.BUNDLED else self.name

    def fingerprint(self) -> str:
        longest = self.make().longest
        parts = (self.name, self.version, self.spaces.lines(), longest, sorted(self.counts.items()))
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def audit(self, method: Any, config: Any) -> list[Problem]:
        """What is wrong with the environment, by playing some episodes."""
        return _checks.problems(self)

    def parts(self) -> Mapping[str, int]:
        return dict(self.counts)

    def train(self, first_step: int, net: Any) -> Any:
        """There are no batches: a method makes its own steps, see `Phase.steps`."""
        raise NotImplementedError

    def held_out(self, name: str) -> Episodes:
        return Episodes(self.make, SEEDS[name], self.counts[name])


def world(named: Any, config: Any) -> World:
    """The environment that a user names; see `environments.naming`. config: None for defaults."""
    if isinstance(named, str):
        named = type(named)(named.removeprefix("world:"))
    name, make = naming.makers(named)
    acting = naming.acting(named, config.max_steps if config else 0)
    one = acting()
    own = make if name in naming.BUNDLED else None
    validation, test = getattr(own, "episodes", EPISODES)
    if config:
        validation = config.validation_episodes or validation
        test = config.test_episodes or test
    counts = {"train": 1, "validation": validation, "test": test}
    return World(name, acting, one.spaces, counts, _version(one.env, name))


def _version(env: Any, name: str) -> str:
    """What tells one version of an environment from another."""
    own = str(getattr(env, "version", ""))
    if not name.startswith(naming.GYM):
        return own
    return f"{own} gymnasium {importlib.metadata.version('gymnasium')}"
