"""Which item comes next: the likeliest, or one drawn at random, the same in Python and in a
browser."""

from collections.abc import Mapping
from typing import Any

import numpy as np

MASK = 0xFFFFFFFF
STEP = 0x6D2B79F5  # from one state of `Random` to the next


class Random:
    """Numbers in [0, 1) that follow from a seed, 32 bits each: Marsaglia's idea of a counter that
    is multiplied and shifted (mulberry32, in the public domain), as JavaScript can compute it
    too."""

    def __init__(self, seed: int):
        self._state = seed & MASK

    def __call__(self) -> float:
        self._state = (self._state + STEP) & MASK
        mixed = self._state
        mixed = (mixed ^ (mixed >> 15)) * (mixed | 1) & MASK
        mixed ^= mixed + ((mixed ^ (mixed >> 7)) * (mixed | 61) & MASK) & MASK
        return ((mixed ^ (mixed >> 14)) & MASK) / 2**32


def chosen(logits: np.ndarray, options: Mapping[str, Any], random: Random) -> int:
    """The id that is taken after `logits`, (V,), -inf for what must not be.

    temperature: 0 takes the likeliest. top_k: only so many of the likeliest are drawn from; 0 is
    all. top_p: only the likeliest whose probabilities add up to it, one at least (Holtzman et al.
    2020, arXiv:1904.09751, section 3.1).
    """
    if not options["temperature"]:
        return int(np.argmax(logits))
    scores = np.asarray(logits, np.float64)
    order = np.argsort(-scores, kind="stable")[: options["top_k"] or None]
    weights = np.exp((scores[order] - scores[order[0]]) / options["temperature"])
    sums = np.cumsum(weights)
    kept = int(np.searchsorted(sums, options["top_p"] * sums[-1])) + 1
    kept = min(kept, len(order))
    place = int(np.searchsorted(sums, random() * sums[kept - 1], "right"))
    return int(order[min(place, kept - 1)])


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Logits (V,) -> natural logarithms of probabilities, float64."""
    scores = np.asarray(logits, np.float64)
    scores = scores - scores.max()
    return scores - np.log(np.exp(scores).sum())
