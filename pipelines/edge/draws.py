"""Random numbers that follow from a seed, many at once: what a maker of pictures takes as its
input.

They are the ones of `sampling.Random`, so that a browser draws the same.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .sampling import MASK, STEP

LAWS = ("normal", "uniform")


@dataclass(frozen=True)
class Draw:
    """Random numbers that one picture takes: their shape, and their law.

    law: "normal", of mean 0 and deviation 1, or "uniform", in [0, 1]: float32 rounds
    the highest ones to 1.
    """

    shape: tuple[int, ...]
    law: str = "normal"

    def __post_init__(self):
        if self.law not in LAWS:
            raise ValueError(f"law must be one of {', '.join(LAWS)}; got {self.law!r}.")

    @property
    def size(self) -> int:
        """How many uniform numbers it is made of; normal ones come in pairs."""
        count = math.prod(self.shape)
        return count + count % 2


def plain(draws: Mapping[str, Draw]) -> dict:
    """{name: Draw} -> the same as plain values, for a manifest."""
    return {name: {"shape": list(own.shape), "law": own.law} for name, own in draws.items()}


def of_plain(draws: Mapping[str, Mapping]) -> dict[str, Draw]:
    """What `plain` gave -> {name: Draw}. Raises ValueError if that is not what it is."""
    return {name: Draw(tuple(own["shape"]), own["law"]) for name, own in draws.items()}


def uniform(seed: int, count: int, start: int = 0) -> np.ndarray:
    """Numbers `start` to `start + count` of `sampling.Random(seed)`: float64 (count,) in [0, 1)."""
    mask = np.uint64(MASK)
    steps = np.arange(start + 1, start + count + 1, dtype=np.uint64) & mask
    mixed = (np.uint64(seed & MASK) + steps * np.uint64(STEP)) & mask
    mixed = (mixed ^ (mixed >> np.uint64(15))) * (mixed | np.uint64(1)) & mask
    more = (mixed ^ (mixed >> np.uint64(7))) * (mixed | np.uint64(61)) & mask
    mixed ^= (mixed + more) & mask
    return ((mixed ^ (mixed >> np.uint64(14))) & mask) / 2.0**32


def normal(uniforms: np.ndarray) -> np.ndarray:
    """Pairs of uniform numbers -> as many normal ones: Box & Muller 1958, float64 (N,), N even."""
    first, second = uniforms.reshape(-1, 2).T
    radius, angle = np.sqrt(-2 * np.log(1 - first)), 2 * np.pi * second
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)


def drawn(draws: Mapping[str, Draw], seed: int, index: int = 0) -> dict[str, np.ndarray]:
    """What picture `index` of a seed takes: {name: float32 (1, *shape)}.

    It does not depend on how many pictures are made.
    """
    at = index * sum(own.size for own in draws.values())
    made = {}
    for name in sorted(draws):
        own = draws[name]
        values = uniform(seed, own.size, at)
        at += own.size
        values = normal(values) if own.law == "normal" else values
        values = values[: math.prod(own.shape)].reshape(1, *own.shape)
        made[name] = values.astype(np.float32)
    return made


def batch(draws: Mapping[str, Draw], seed: int, count: int) -> dict[str, np.ndarray]:
    """What pictures 0 to `count` of a seed take: {name: float32 (count, *shape)}."""
    rows = [drawn(draws, seed, index) for index in range(count)]
    return {name: np.concatenate([row[name] for row in rows]) for name in draws}


def walk(
    places: Sequence[Mapping[str, np.ndarray]], steps: int, law: str
) -> Iterator[dict[str, np.ndarray]]:
    """`steps` inputs from each place to the next, and the last place.

    Floating numbers of a normal law go along a great circle, so that they stay as far from the
    middle as such numbers are (White 2016, arXiv:1609.04468, section 2.1); others go straight.
    Whole numbers, such as a class, change half way.
    """
    for start, end in itertools.pairwise(places):
        for step in range(steps):
            share = step / steps
            yield {name: _between(start[name], end[name], share, law) for name in start}
    yield dict(places[-1])


def _between(start: np.ndarray, end: np.ndarray, share: float, law: str) -> np.ndarray:
    if start.dtype.kind != "f":
        return start if share < 0.5 else end
    straight = (1 - share) * start + share * end
    lengths = np.linalg.norm(start) * np.linalg.norm(end)
    if law != "normal" or not lengths:
        return straight.astype(start.dtype)
    angle = math.acos(float(np.clip((start * end).sum() / lengths, -1, 1)))
    if math.sin(angle) < 1e-4:  # nearly one direction, in which a circle is straight
        return straight.astype(start.dtype)
    weights = math.sin((1 - share) * angle), math.sin(share * angle)
    return ((weights[0] * start + weights[1] * end) / math.sin(angle)).astype(start.dtype)
