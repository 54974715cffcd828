"""Finds a cascade: stumps by boosting, stages by how many windows each may let through.

Viola & Jones 2004, sections 3 and 4, with three changes. A stump votes by the mean target of either
side (gentle AdaBoost: Friedman et al. 2000), which Lienhart et al. 2003 found better. Thresholds
are sought at the borders of 64 bins, and in a round among a part of the features, so that memory
and time are bounded. The limit of a stage is set on the faces of training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from pipelines.models import haar

BINS = 64
WIDTH = 2.5  # deviations from the mean that the bins reach
LEAST = 20  # windows without a face that a stage needs
KINDS = ((1, 2), (2, 1), (1, 3), (3, 1), (2, 2))  # cells of a feature down and across
ROOM = 500  # features whose values are computed at a time
More = Callable[[haar.Cascade, int], np.ndarray]


@dataclass(frozen=True)
class Plan:
    """How large a cascade becomes.

    detection: share of the faces that each stage lets through; false: share of other windows;
    stages, stumps: most of them, in all and in a stage; features: that a stage may choose from;
    tried: of these in a round; negatives: windows without a face for each stage.
    """

    detection: float
    false: float
    stages: int
    stumps: int
    features: int
    tried: int
    negatives: int


@dataclass
class _Grown:
    """What is found so far: stumps as lists."""

    window: np.ndarray
    shape: tuple[float, float]
    rects: list = field(default_factory=list)
    weights: list = field(default_factory=list)
    thresholds: list = field(default_factory=list)
    leaves: list = field(default_factory=list)
    limits: list = field(default_factory=list)

    def cascade(self) -> haar.Cascade:
        rects, weights = np.array(self.rects), np.array(self.weights)
        found = (self.thresholds, self.leaves, self.limits, self.shape)
        return haar.assembled(self.window, rects, weights, *found)


def found(
    faces: np.ndarray,
    others: np.ndarray,
    more: More,
    plan: Plan,
    shape: tuple[float, float],
    seed: int,
) -> haar.Cascade:
    """The cascade. faces, others: windows, uint8 (n, H, W).

    more: (cascade so far, count) -> up to `count` other windows, uint8, that pass it. shape: see
    `haar.Cascade`. It ends early if there are no more windows that a stage could learn to reject.
    """
    random, grown = np.random.default_rng(seed), _Grown(np.array(faces.shape[1:]), shape)
    faces = _uneven(faces)
    others = _uneven(others)
    for stage in range(plan.stages):
        wanted = plan.negatives - len(others)
        if stage and wanted > 0:
            others = np.concatenate([others, _uneven(more(grown.cascade(), wanted))])
        if stage and len(others) < LEAST:
            break
        chosen = random.permutation(len(others))[: plan.negatives]
        _add_stage(grown, faces, others[chosen], plan, random)
        cascade = grown.cascade()
        passed, _ = haar.judged(cascade, haar.of_crops(others))
        others = others[passed == stage + 1]
    return grown.cascade()


def features(window: np.ndarray, count: int, random: np.random.Generator) -> Iterator[tuple]:
    """Random features: (rects (3, 4), weights (3,)), whose weighed areas sum to 0.

    A whole has the weight -1, and one half, the middle third, or two of four cells make up for it.
    """
    for _ in range(count):
        down, across = KINDS[random.integers(len(KINDS))]
        high = int(random.integers(1, window[0] // down + 1))
        wide = int(random.integers(1, window[1] // across + 1))
        y = int(random.integers(0, window[0] - high * down + 1))
        x = int(random.integers(0, window[1] - wide * across + 1))
        rects, weights = np.zeros((haar.RECTS, 4), int), np.zeros(haar.RECTS)
        rects[0], weights[0] = (y, x, high * down, wide * across), -1
        rects[1], weights[1] = (y, x, high, wide), 2
        if 3 in (down, across):
            rects[1] = (y + high * (down == 3), x + wide * (across == 3), high, wide)
            weights[1] = 3
        if (down, across) == (2, 2):
            rects[2], weights[2] = (y + high, x + wide, high, wide), 2
        yield rects, weights


def _uneven(crops: np.ndarray) -> np.ndarray:
    """Without those that are too flat to be judged."""
    if not len(crops):
        return crops
    window = np.array(crops.shape[1:])
    return crops[haar.spread(haar.of_crops(crops), window) > haar.flattest(window)]


def _add_stage(
    grown: _Grown,
    faces: np.ndarray,
    others: np.ndarray,
    plan: Plan,
    random: np.random.Generator,
) -> None:
    """Adds stumps until the stage rejects as many others as it should."""
    crops = np.concatenate([faces, others])
    target = np.repeat([1.0, -1.0], [len(faces), len(others)])
    weight = np.repeat([0.5 / len(faces), 0.5 / len(others)], [len(faces), len(others)])
    pool = list(features(grown.window, plan.features, random))
    bins, borders = _binned(crops, pool)
    total, own = np.zeros(len(crops)), []
    for _ in range(plan.stumps):
        tried = random.permutation(len(pool))[: plan.tried]
        at, border, votes = _best(bins, tried, target, weight)
        is_below = bins[at] < border
        vote = np.where(is_below, votes[0], votes[1])
        total += vote
        weight *= np.exp(-target * vote)
        weight /= weight.sum()
        node = len(grown.rects)
        own += [((node,), (True,), votes[0]), ((node,), (False,), votes[1])]
        grown.rects.append(pool[at][0])
        grown.weights.append(pool[at][1])
        grown.thresholds.append(borders[at, border])
        # A little lower, as sums are added in another order when a picture is judged.
        limit = np.quantile(total[: len(faces)], 1 - plan.detection) - 1e-4
        if np.mean(total[len(faces) :] >= limit) <= plan.false:
            break
    grown.leaves.append(own)
    grown.limits.append(float(limit))


def _binned(crops: np.ndarray, pool: list) -> tuple[np.ndarray, np.ndarray]:
    """(bins of each feature's values, uint8 (F, n); lower borders of the bins, (F, BINS))."""
    window = np.array(crops.shape[1:])
    flat = crops.reshape(len(crops), -1).astype(np.float32)
    flat /= haar.spread(haar.of_crops(crops), window).astype(np.float32)[:, None]
    bins, borders = np.zeros((len(pool), len(crops)), np.uint8), np.zeros((len(pool), BINS))
    for start in range(0, len(pool), ROOM):
        rects, weights = (np.array(part) for part in zip(*pool[start : start + ROOM], strict=True))
        values = haar.kernels(rects, weights, window).reshape(len(rects), -1) @ flat.T
        mean, deviation = values.mean(1, keepdims=True), values.std(1, keepdims=True) + 1e-9
        low, step = mean - WIDTH * deviation, 2 * WIDTH * deviation / (BINS - 2)
        bins[start : start + ROOM] = np.clip((values - low) / step + 1, 0, BINS - 1)
        borders[start : start + ROOM] = low + (np.arange(BINS) - 1) * step
    return bins, borders


def _best(
    bins: np.ndarray, tried: np.ndarray, target: np.ndarray, weight: np.ndarray
) -> tuple[int, int, tuple[float, float]]:
    """(feature, border, votes below and above) of the stump with the least squared error."""
    cells = bins[tried] + BINS * np.arange(len(tried))[:, None]
    size = BINS * len(tried)
    moment = np.bincount(cells.ravel(), np.tile(weight * target, len(tried)), size)
    mass = np.bincount(cells.ravel(), np.tile(weight, len(tried)), size)
    # What lies below each border: column t is the sum of the bins before t.
    moment, mass = (
        np.pad(np.cumsum(values.reshape(len(tried), BINS), 1), ((0, 0), (1, 0)))
        for values in (moment, mass)
    )
    above_moment, above_mass = moment[:, -1:] - moment, mass[:, -1:] - mass
    tiny = 1e-12
    gain = moment**2 / (mass + tiny) + above_moment**2 / (above_mass + tiny)
    row, border = np.unravel_index(gain[:, 1:BINS].argmax(), (len(tried), BINS - 1))
    border += 1
    below = moment[row, border] / (mass[row, border] + tiny)
    above = above_moment[row, border] / (above_mass[row, border] + tiny)
    return int(tried[row]), int(border), (float(below), float(above))
