"""What goes in and out of an environment: how many states and actions, and in which bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.edge.spaces import ACTIONS, count, kind, parts_of
from pipelines.errors import PipelineError

STATES = 100_000  # most states that are counted one by one
LONGEST = 10_000  # most numbers of an observation
CHOICES = 1_000  # most actions that are counted one by one
FINITE = 1e6  # a bound of an action beyond this is none


@dataclass(frozen=True)
class Spaces:
    """states: how many there are, 0 if an observation is a vector. low, high: the bounds of its
    components, maybe infinite. actions: their names, () if an action is a vector, which then has
    the bounds action_low and action_high.
    """

    states: int = 0
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    actions: tuple[str, ...] = ()
    action_low: tuple[float, ...] = ()
    action_high: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """Components of an observation that is a vector."""
        return len(self.low)

    @property
    def width(self) -> int:
        """Components of an action that is a vector; 1 for one that is counted."""
        return len(self.action_low) or 1

    def lines(self) -> list[str]:
        """As text, a line each, for a file of a run."""
        bounds = {
            "low": self.low,
            "high": self.high,
            "action_low": self.action_low,
            "action_high": self.action_high,
        }
        found = [f"states {self.states}"]
        found += [f"{name} {' '.join(map(repr, values))}" for name, values in bounds.items()]
        return found + [f"action {name}" for name in self.actions]


def of_lines(lines: Sequence[str]) -> Spaces:
    """What `Spaces.lines` wrote. Raises PipelineError if it is something else."""
    values: dict[str, Any] = {"actions": []}
    try:
        for line in lines:
            name, _, rest = line.partition(" ")
            if name == "action":
                values["actions"].append(rest)
            elif name == "states":
                values[name] = int(rest)
            elif name in ("low", "high", "action_low", "action_high"):
                values[name] = tuple(map(float, rest.split()))
            else:
                raise ValueError(line)
        found = Spaces(**{**values, "actions": tuple(values["actions"])})
    except ValueError as error:
        raise PipelineError("the spaces of the environment are damaged. Train again.") from error
    _limited(found)
    return found


def _limited(spaces: Spaces) -> None:
    """Raises PipelineError if nets for these spaces would be too large, or they do not fit."""
    sizes = (
        (spaces.states, STATES, "states"),
        (spaces.size, LONGEST, "numbers in an observation"),
        (len(spaces.actions), CHOICES, "actions"),
        (len(spaces.action_low), CHOICES, "numbers in an action"),
    )
    for size, most, what in sizes:
        if not 0 <= size <= most:
            raise PipelineError(f"there may be at most {most:,} {what}; got {size:,}.")
    pairs = ((spaces.low, spaces.high), (spaces.action_low, spaces.action_high))
    if any(len(low) != len(high) for low, high in pairs):
        raise PipelineError("the spaces of the environment are damaged. Train again.")


def bounds(space: Any) -> tuple[list[float], list[float]]:
    """(low, high) of each component of a value as a vector; raises PipelineError for other spaces.

    A value that is counted has a component for each of its values, of which one is 1.
    """
    if kind(space) == "Box":
        return _floats(space.low), _floats(space.high)
    if kind(space) == "MultiBinary":
        return [0.0] * int(np.prod(space.shape)), [1.0] * int(np.prod(space.shape))
    if kind(space) == "MultiDiscrete":
        total = int(np.sum(space.nvec))
        return [0.0] * total, [1.0] * total
    if kind(space) == "Discrete":
        return [0.0] * int(space.n), [1.0] * int(space.n)
    parts = parts_of(space)
    if not parts:
        raise PipelineError(
            f"a space must be Box, Discrete, MultiDiscrete, MultiBinary, or a Tuple or Dict of them;"
            f" got {kind(space)}. Wrap the environment in one that gives such observations."
        )
    pairs = [bounds(part) for part in parts]
    return [v for low, _ in pairs for v in low], [v for _, high in pairs for v in high]


def _floats(values: Any) -> list[float]:
    return np.asarray(values, np.float64).ravel().tolist()


def read(env: Any, name: str) -> Spaces:
    """The spaces of an environment. Raises PipelineError for those that no method here can take."""
    for needed in ("observation_space", "action_space"):
        if getattr(env, needed, None) is None:
            raise PipelineError(
                f"{name} has no {needed}. An environment needs observation_space, action_space,"
                " reset(seed=...) and step(action), as Gymnasium's have."
            )
    seen, acted = env.observation_space, env.action_space
    states = count(seen) or 0
    low, high = ([], []) if 0 < states <= STATES else bounds(seen)
    if kind(acted) not in ACTIONS:
        raise PipelineError(
            f"{name}: an action must be Discrete, MultiDiscrete, MultiBinary or Box; got"
            f" {kind(acted)}. Wrap the environment in one that takes such actions."
        )
    choices = count(acted)
    found = Spaces(
        states if not low else 0,
        tuple(low),
        tuple(high),
        _names(env, choices) if choices else (),
        () if choices else tuple(_bounded(acted.low, -FINITE)),
        () if choices else tuple(_bounded(acted.high, FINITE)),
    )
    _limited(found)
    return found


def _names(env: Any, choices: int) -> tuple[str, ...]:
    given = getattr(env, "actions", None)
    if isinstance(given, (tuple, list)) and len(given) == choices:
        return tuple(map(str, given))
    return tuple(map(str, range(choices))) if choices <= CHOICES else ("",) * (CHOICES + 1)


def _bounded(values: Any, limit: float) -> list[float]:
    """Bounds of an action, with `limit` in place of one that is infinite."""
    return [limit if abs(v) > FINITE else v for v in _floats(values)]
