"""Scores of a ranked list against the items that are relevant. NumPy alone."""

import numpy as np


def scores(hits: np.ndarray, relevant: np.ndarray) -> dict[str, np.ndarray]:
    """Of each user, {score: float64 (B,)} at k.

    hits: bool (B, k), whether the item at each place is relevant, the best place first. relevant:
    (B,), how many items are. Recall is the share of the relevant items that were found, precision
    the share of the k places; average precision is divided by min(k, relevant), the most that can
    be found; the gain of a place is 1 / log2(1 + place), places from 1 (Jarvelin & Kekalainen
    2002).
    """
    k = hits.shape[1]
    hits, most = hits.astype(np.float64), np.minimum(relevant, k)
    found = hits.sum(1)
    gains = 1 / np.log2(np.arange(2, k + 2))
    best = np.concatenate([[0.0], np.cumsum(gains)])[most.astype(int)]
    precision_here = np.cumsum(hits, 1) / np.arange(1, k + 1)
    precision, recall = found / k, _divided(found, relevant)
    return {
        "ndcg": _divided(hits @ gains, best),
        "recall": recall,
        "precision": precision,
        "f1": _divided(2 * precision * recall, precision + recall),
        "map": _divided((precision_here * hits).sum(1), most),
        "hit_rate": (found > 0).astype(np.float64),
    }


def _divided(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / b, and 0 if b is."""
    return np.where(b > 0, a / np.where(b > 0, b, 1), 0.0)


def interval(values: np.ndarray, seed: int = 0, draws: int = 1000) -> tuple[float, float]:
    """The 95 % interval of a mean over users, by drawing users with replacement."""
    chance, means = np.random.default_rng(seed), []
    for _ in range(draws):
        means.append(values[chance.integers(0, len(values), len(values))].mean())
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def best(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    """The k items with the highest scores that are not seen: (B, I) twice -> int (B, k)."""
    masked = np.where(seen > 0, -np.inf, scores)
    k = min(k, masked.shape[1])
    top = np.argpartition(-masked, k - 1, 1)[:, :k]
    order = np.argsort(-np.take_along_axis(masked, top, 1), 1, kind="stable")
    return np.take_along_axis(top, order, 1)


def ndcg(scores_of: np.ndarray, seen: np.ndarray, truth: np.ndarray, k: int = 10) -> np.ndarray:
    """NDCG at k of each user: three matrices (B, I) -> (B,)."""
    top = best(scores_of, seen, k)
    hits = np.take_along_axis(truth, top, 1) > 0
    return scores(hits, (truth > 0).sum(1))["ndcg"]
