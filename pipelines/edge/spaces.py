"""Values of Gymnasium's spaces as plain ones: a state's number, a vector, an action."""

import math
from typing import Any

import numpy as np

ACTIONS = ("Discrete", "MultiDiscrete", "MultiBinary", "Box")  # spaces that `action` knows


def kind(space: Any) -> str:
    """The name of a space's class."""
    return type(space).__name__


def count(space: Any) -> int | None:
    """How many values a space has if they can be counted, else None."""
    if kind(space) == "Discrete":
        return int(space.n)
    if kind(space) == "MultiDiscrete":
        return math.prod(map(int, np.ravel(space.nvec)))
    if kind(space) == "MultiBinary":
        return 2 ** int(np.prod(space.shape))
    parts = list(map(count, parts_of(space)))
    known = [part for part in parts if part is not None]
    return math.prod(known) if parts and known == parts else None


def parts_of(space: Any) -> list:
    """The spaces that a Tuple or a Dict is made of; [] for any other."""
    if kind(space) == "Tuple":
        return list(space.spaces)
    return list(space.spaces.values()) if kind(space) == "Dict" else []


def index(space: Any, value: Any) -> int:
    """The number of a value of a space that can be counted, 0 for the first; the last part runs
    fastest.

    Raises ValueError, TypeError, KeyError or IndexError if it is no such value.
    """
    if kind(space) == "Discrete":
        return int(value) - int(space.start)
    if kind(space) == "MultiDiscrete":
        return int(np.ravel_multi_index(_from_zero(space, value), np.ravel(space.nvec)))
    if kind(space) == "MultiBinary":
        return int("".join(str(int(bit)) for bit in np.ravel(value)), 2)
    found = 0
    for part, own in zip(parts_of(space), _values_of(space, value), strict=True):
        found = found * (count(part) or 1) + index(part, own)
    return found


def vector(space: Any, value: Any) -> np.ndarray:
    """A value as a vector, float32: one that is counted has a component for each of its values, of
    which one is 1. Raises what `index` does."""
    if kind(space) in ("Box", "MultiBinary"):
        return np.asarray(value, np.float32).ravel()
    if kind(space) == "Discrete":
        return _one(int(space.n), index(space, value))
    if kind(space) == "MultiDiscrete":
        pairs = zip(np.ravel(space.nvec), _from_zero(space, value), strict=True)
        return np.concatenate([_one(int(n), int(v)) for n, v in pairs])
    if not parts_of(space):
        raise ValueError(f"{kind(space)} is no space of numbers")
    pairs = zip(parts_of(space), _values_of(space, value), strict=True)
    return np.concatenate([vector(part, own) for part, own in pairs])


def action(space: Any, chosen: Any) -> Any:
    """An action, a number or a vector, as an environment with a space of ACTIONS takes it."""
    if kind(space) == "Discrete":
        return int(chosen) + int(space.start)
    if kind(space) == "MultiDiscrete":
        digits = np.unravel_index(int(chosen), np.ravel(space.nvec))
        return np.reshape(digits, np.shape(space.nvec)) + _start(space)
    if kind(space) == "MultiBinary":
        bits = int(np.prod(space.shape))
        digits = [int(bit) for bit in f"{int(chosen):0{bits}b}"]
        return np.array(digits, np.int8).reshape(space.shape)
    values = np.asarray(chosen, space.dtype).reshape(space.shape)
    return np.clip(values, space.low, space.high)


def _start(space: Any) -> Any:
    """The least value of each part of a MultiDiscrete; Gymnasium before 1.0 knows none."""
    return getattr(space, "start", 0)


def _from_zero(space: Any, value: Any) -> np.ndarray:
    """The parts of a value of a MultiDiscrete, as a vector, each from 0."""
    given = np.asarray(value).reshape(np.shape(space.nvec))
    return np.ravel(given - _start(space))


def _one(size: int, place: int) -> np.ndarray:
    """Zeros, and a 1 at a place."""
    if not 0 <= place < size:
        raise ValueError(f"{place} is not from 0 to {size - 1}")
    return np.eye(1, size, place, dtype=np.float32)[0]


def _values_of(space: Any, value: Any) -> list:
    """The parts of a value of a Tuple or a Dict."""
    if kind(space) == "Tuple":
        return list(value)
    return [value[name] for name in space.spaces]
