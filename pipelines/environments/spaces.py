"""What goes in and out of an environment, as plain values: states, vectors, actions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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
    for count, most, what in sizes:
        if not 0 <= count <= most:
            raise PipelineError(f"there may be at most {most:,} {what}; got {count:,}.")
    pairs = ((spaces.low, spaces.high), (spaces.action_low, spaces.action_high))
    if any(len(low) != len(high) for low, high in pairs):
        raise PipelineError("the spaces of the environment are damaged. Train again.")


def count(space: Any) -> int | None:
    """How many values a space of Gymnasium has if they can be counted, else None."""
    kind = type(space).__name__
    if kind == "Discrete":
        return int(space.n)
    if kind == "MultiDiscrete":
        return math.prod(int(n) for n in np.ravel(space.nvec))
    if kind == "MultiBinary":
        return 2 ** int(np.prod(space.shape))
    parts = [count(part) for part in parts_of(space)]
    if not parts or None in parts:
        return None
    return math.prod(part for part in parts if part is not None)


def parts_of(space: Any) -> list:
    """The spaces that a Tuple or a Dict is made of; [] for any other."""
    kind = type(space).__name__
    if kind == "Tuple":
        return list(space.spaces)
    return list(space.spaces.values()) if kind == "Dict" else []


def _values_of(space: Any, value: Any) -> list:
    """The parts of a value of a Tuple or a Dict."""
    if type(space).__name__ == "Tuple":
        return list(value)
    return [value[name] for name in space.spaces]


def index(space: Any, value: Any) -> int:
    """The number of a value of a space that can be counted, 0 for the first; the last part runs fastest."""
    kind = type(space).__name__
    if kind == "Discrete":
        return int(value) - int(space.start)
    if kind == "MultiDiscrete":
        return int(np.ravel_multi_index(np.ravel(value), np.ravel(space.nvec)))
    if kind == "MultiBinary":
        return int("".join(str(int(bit)) for bit in np.ravel(value)), 2)
    found = 0
    for part, own in zip(parts_of(space), _values_of(space, value), strict=True):
        found = found * (count(part) or 1) + index(part, own)
    return found


def bounds(space: Any) -> tuple[list[float], list[float]]:
    """(low, high) of each component of a value as a vector; raises PipelineError for other spaces.

    A value that is counted has a component for each of its values, of which one is 1.
    """
    kind = type(space).__name__
    if kind == "Box":
        return _floats(space.low), _floats(space.high)
    if kind in ("MultiBinary",):
        return [0.0] * int(np.prod(space.shape)), [1.0] * int(np.prod(space.shape))
    if kind == "MultiDiscrete":
        total = int(np.sum(space.nvec))
        return [0.0] * total, [1.0] * total
    if kind == "Discrete":
        return [0.0] * int(space.n), [1.0] * int(space.n)
    parts = parts_of(space)
    if not parts:
        raise PipelineError(
            f"a space must be Box, Discrete, MultiDiscrete, MultiBinary, or a Tuple or Dict of them;"
            f" got {kind}. Wrap the environment in one that gives such observations."
        )
    pairs = [bounds(part) for part in parts]
    return [v for low, _ in pairs for v in low], [v for _, high in pairs for v in high]


def _floats(values: Any) -> list[float]:
    return np.asarray(values, np.float64).ravel().tolist()


def vector(space: Any, value: Any) -> np.ndarray:
    """A value as a vector, float32; see `bounds`."""
    kind = type(space).__name__
    if kind in ("Box", "MultiBinary"):
        return np.asarray(value, np.float32).ravel()
    if kind == "Discrete":
        return np.eye(int(space.n), dtype=np.float32)[int(value) - int(space.start)]
    if kind == "MultiDiscrete":
        pairs = zip(np.ravel(space.nvec), np.ravel(value), strict=True)
        return np.concatenate([np.eye(int(n), dtype=np.float32)[int(v)] for n, v in pairs])
    pairs = zip(parts_of(space), _values_of(space, value), strict=True)
    return np.concatenate([vector(part, own) for part, own in pairs])


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
    choices = count(acted)
    if choices is None and type(acted).__name__ != "Box":
        raise PipelineError(
            f"{name}: an action must be Discrete, MultiDiscrete, MultiBinary or Box; got"
            f" {type(acted).__name__}. Wrap the environment in one that takes such actions."
        )
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


def action(space: Any, chosen: Any) -> Any:
    """An action as a method gives it, a number or a vector, as the environment takes it."""
    kind = type(space).__name__
    if kind == "Discrete":
        return int(chosen) + int(space.start)
    if kind == "MultiDiscrete":
        return np.array(np.unravel_index(int(chosen), np.ravel(space.nvec)))
    if kind == "MultiBinary":
        bits = int(np.prod(space.shape))
        return np.array([int(bit) for bit in f"{int(chosen):0{bits}b}"], np.int8)
    values = np.asarray(chosen, space.dtype).reshape(space.shape)
    return np.clip(values, space.low, space.high)
