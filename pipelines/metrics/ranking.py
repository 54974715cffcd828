"""How well items are ranked for users: NDCG, recall and others at 10, and what is recommended at
all."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors
from pipelines.ops import ranking

K = 10  # places that are judged
NAMES = ("ndcg", "recall", "precision", "f1", "map", "hit_rate")
HEAD = 0.1  # share of the items that are the head of the popularity curve


class Ranking(keras.metrics.Metric):
    """NDCG, recall, precision, F1, MAP and hit rate at 10, means over users; see `ops.ranking`.

    targets: (B, I + 1), 1 for the items to be found; in the last column how many more there are
        that the model does not know, which count as missed. decoded: {"items": int (B, K)}, the
        best first, none of which is in the history. counts: (I,), interactions of each item in
        training.
    Besides: `ndcg_at_10_low` and `_high`, the 95 % interval by drawing users; `coverage_at_10`, the
    share of items that anyone is recommended; `novelty_at_10`, the mean of -log2 of the share of
    training's interactions that an item has; `recall_at_10_head` and `_tail`, of the most popular
    tenth of the items and of the others; `diversity_at_10`, 1 - the mean share of equal words of
    two items in a list, if items have texts.
    """

    def __init__(
        self,
        counts: Sequence[float],
        texts: Sequence[str] = (),
        name: str = "ranking",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.counts = np.asarray(counts, np.float64)
        self.words = [frozenset(text.lower().replace("|", " ").split()) for text in texts]
        order = np.argsort(-self.counts, kind="stable")
        self.is_head = np.zeros(len(self.counts), bool)
        self.is_head[order[: max(1, round(HEAD * len(order)))]] = True
        self.reset_state()

    def reset_state(self) -> None:
        self.found: dict[str, list] = {name: [] for name in NAMES}
        self.seen: set[int] = set()
        self.lists: list[np.ndarray] = []
        self.parts = np.zeros((2, 2))  # head, tail: found, relevant

    def update_state(self, targets: Tensor, decoded: Tensors, sample_weight: Tensor = None) -> None:
        truth = np.asarray(targets, np.float64)
        items = np.asarray(decoded["items"], np.int64)[:, :K]
        hits = np.take_along_axis(truth[:, :-1], items, 1) > 0
        relevant = (truth[:, :-1] > 0).sum(1) + truth[:, -1]
        for name, values in ranking.scores(_filled(hits), relevant).items():
            self.found[name].append(values)
        self.seen.update(np.unique(items).tolist())
        self.lists.extend(items)
        for row, part in enumerate((self.is_head, ~self.is_head)):
            self.parts[row] += (hits & part[items]).sum(), (truth[:, :-1][:, part] > 0).sum()

    def result(self) -> dict[str, float]:
        if not self.lists:
            return {f"{name}_at_{K}": math.nan for name in NAMES}
        users = {name: np.concatenate(values) for name, values in self.found.items()}
        means = {f"{name}_at_{K}": float(values.mean()) for name, values in users.items()}
        low, high = ranking.interval(users["ndcg"])
        head, tail = (own[0] / own[1] if own[1] else math.nan for own in self.parts)
        more = {
            f"ndcg_at_{K}_low": low,
            f"ndcg_at_{K}_high": high,
            f"coverage_at_{K}": len(self.seen) / len(self.counts),
            f"novelty_at_{K}": self._novelty(),
            f"recall_at_{K}_head": head,
            f"recall_at_{K}_tail": tail,
        }
        more = {name: value for name, value in more.items() if math.isfinite(value)}
        return means | more | self._diversity()

    def _novelty(self) -> float:
        """An item without an interaction counts as if it had one."""
        share = np.maximum(self.counts, 1) / max(1.0, self.counts.sum())
        return float(np.mean(-np.log2(share[np.concatenate(self.lists)])))

    def _diversity(self) -> dict[str, float]:
        if not any(self.words):
            return {}
        alike = [_alike([self.words[i] for i in items]) for items in self.lists]
        return {f"diversity_at_{K}": 1 - float(np.mean(alike))}


def _filled(hits: np.ndarray) -> np.ndarray:
    """K places, if there are fewer items."""
    return np.pad(hits, ((0, 0), (0, K - hits.shape[1])))


def _alike(words: Sequence[frozenset]) -> float:
    """The mean share of words that two items of a list have in common, of all that they have."""
    shares = []
    for i, own in enumerate(words):
        for other in words[:i]:
            either = len(own | other)
            shares.append(len(own & other) / either if either else 0.0)
    return float(np.mean(shares)) if shares else 0.0
