"""Whether two examples are of one kind, judged by the distance of their embeddings."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

FOLDS = 10  # of LFW's protocol
MOST = 20_000  # pairs of either sort that are compared
RARE = 1e-3  # false acceptances, at which the share of right ones is told
SHOWN = 200  # points of a curve


@dataclass(frozen=True)
class Pairs:
    """Pairs of examples: rows `left` and `right`, int (P,); `is_same`, bool (P,); `fold`, int
    (P,)."""

    left: np.ndarray
    right: np.ndarray
    is_same: np.ndarray
    fold: np.ndarray


def drawn(labels: np.ndarray, seed: int = 0) -> Pairs:
    """All pairs of one label, at most MOST of them, and as many of two labels, drawn.

    labels: (N,). Both sorts are spread over the folds evenly. Raises ValueError if there is no pair
    of a sort.
    """
    chance = np.random.default_rng(seed)
    same = _of_one(labels, chance)
    others = _of_two(labels, len(same), chance)
    if not len(same) or not len(others):
        raise ValueError("there is no pair of one class, or none of two")
    rows = np.concatenate([same, others])
    fold = np.concatenate([np.arange(len(own)) % FOLDS for own in (same, others)])
    is_same = np.arange(len(rows)) < len(same)
    return Pairs(rows[:, 0], rows[:, 1], is_same, fold)


def _of_one(labels: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Pairs of one label, (P, 2), in an order of chance."""
    found = [np.empty((0, 2), np.int64)]
    for label in np.unique(labels):
        rows = chance.permutation(np.flatnonzero(labels == label))[:MOST]
        first, second = np.triu_indices(min(len(rows), 200), 1)
        found.append(np.stack([rows[first], rows[second]], 1))
    return chance.permutation(np.concatenate(found))[:MOST]


def _of_two(labels: np.ndarray, count: int, chance: np.random.Generator) -> np.ndarray:
    """So many different pairs of two labels, or all if there are fewer, (P, 2)."""
    number = len(labels)
    if number <= 2000:
        first, second = np.triu_indices(number, 1)
        rows = np.stack([first, second], 1)
    else:
        rows = np.unique(np.sort(chance.integers(number, size=(4 * count + 100, 2)), 1), axis=0)
    rows = rows[labels[rows[:, 0]] != labels[rows[:, 1]]]
    return chance.permutation(rows)[:count]


def distances(embeddings: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Euclidean distances of the pairs, (P,). embeddings: (N, D)."""
    gaps = embeddings[pairs.left].astype(np.float64) - embeddings[pairs.right]
    return np.sqrt((gaps**2).sum(-1))


def roc(apart: np.ndarray, is_same: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(thresholds, share of the same, share of the others) that lie within each threshold.

    The first accepts none, the last all; thresholds rise.
    """
    cuts = np.unique(apart)
    accepted = [
        np.searchsorted(np.sort(apart[own]), cuts, "right") / max(1, own.sum())
        for own in (is_same, ~is_same)
    ]
    true, false = (np.append(0.0, share) for share in accepted)
    return np.append(-np.inf, cuts), true, false


def equal_error(apart: np.ndarray, is_same: np.ndarray) -> float:
    """The rate at which as many of the same are refused as others are accepted."""
    _, true, false = roc(apart, is_same)
    gap = (1 - true) - false  # falls from 1 to -1
    i = int(np.argmax(gap <= 0))
    part = gap[i - 1] / (gap[i - 1] - gap[i])
    return float(false[i - 1] + part * (false[i] - false[i - 1]))


def accepted_at(apart: np.ndarray, is_same: np.ndarray, rate: float = RARE) -> float:
    """The share of the same that is accepted if at most `rate` of the others are."""
    _, true, false = roc(apart, is_same)
    return float(true[false <= rate].max())


def best_threshold(apart: np.ndarray, is_same: np.ndarray) -> float:
    """The distance up to which two are called the same, with the highest accuracy.

    Both sorts weigh the same. It lies midway between two pairs; of equals the middle one is taken.
    """
    cuts, true, false = roc(apart, is_same)
    score = true - false
    best = np.flatnonzero(np.isclose(score, score.max()))
    i = int(best[len(best) // 2])
    above = cuts[min(i + 1, len(cuts) - 1)]
    return float((max(cuts[i], 0.0) + above) / 2)


def by_folds(apart: np.ndarray, pairs: Pairs) -> np.ndarray:
    """The accuracy of each fold, (F,), at the best threshold of the others: LFW's protocol.

    Huang et al. 2007, "Labeled Faces in the Wild", section 3 (view 2).
    """
    found = []
    for fold in np.unique(pairs.fold):
        is_held = pairs.fold == fold
        cut = best_threshold(apart[~is_held], pairs.is_same[~is_held])
        found.append(np.mean((apart[is_held] <= cut) == pairs.is_same[is_held]))
    return np.array(found)


def recall_at_one(embeddings: np.ndarray, labels: np.ndarray, rows: int = 500) -> float:
    """How often the nearest other example has the same label, of those that have a fellow."""
    counts = dict(zip(*np.unique(labels, return_counts=True), strict=True))
    asked = np.flatnonzero([counts[label] > 1 for label in labels])
    hits = []
    for begin in range(0, len(asked), rows):
        own = asked[begin : begin + rows]
        near = embeddings[own] @ embeddings.T
        near[np.arange(len(own)), own] = -np.inf
        hits.append(labels[near.argmax(-1)] == labels[own])
    return float(np.mean(np.concatenate(hits))) if hits else math.nan


def scores(
    embeddings: np.ndarray, labels: np.ndarray, pairs: Pairs, threshold: float
) -> Mapping[str, object]:
    """All of it: {"accuracy", "eer", ...}, with the ROC curve."""
    apart = distances(embeddings, pairs)
    folds = by_folds(apart, pairs) if len(np.unique(pairs.fold)) > 1 else np.array([math.nan])
    _, true, false = roc(apart, pairs.is_same)
    shown = np.unique(np.linspace(0, len(true) - 1, SHOWN).astype(int))
    curve = {"x": false[shown].tolist(), "y": true[shown].tolist(), "diagonal": True}
    curve |= {"x_label": "others accepted", "y_label": "same accepted"}
    return {
        "verification_accuracy": float(folds.mean()),
        "verification_accuracy_deviation": float(folds.std()),
        "accuracy_at_threshold": float(np.mean((apart <= threshold) == pairs.is_same)),
        "eer": equal_error(apart, pairs.is_same),
        "tar_at_far": accepted_at(apart, pairs.is_same),
        "recall_at_1": recall_at_one(embeddings, labels),
        "distance_same": float(apart[pairs.is_same].mean()),
        "distance_others": float(apart[~pairs.is_same].mean()),
        "pairs": float(len(apart)),
        "curves": {"roc": curve},
    }
