"""Several rankings as one: weighted scores, Borda's counts, reciprocal ranks, votes, switching,
cascade."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor, voting
from pipelines.ops import ranking

WEIGHTED, BORDA, RECIPROCAL, SWITCHING, CASCADE = RULES = (
    "weighted", "borda", "reciprocal_rank", "switching", "cascade",
)  # fmt: skip
CONSTANT = 60.0  # of reciprocal ranks (Cormack et al. 2009)
TRIED = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)  # weights of a part, the others as they are
ROUNDS = 2  # times that each part's weight is looked for
AHEAD = 1e3  # what candidates of a cascade are above all others; deviations are far below


@keras.saving.register_keras_serializable(REGISTERED)
class Fusion(layers.Layer):
    """(scores of the parts (B, P, I), history (B, I)) -> (B, I).

    weighted: the sum of the parts' scores, each as deviations from its mean over the items that the
    user does not know. borda: of the share of items that are ranked below (Borda 1781);
    reciprocal_rank: of 1 / (60 + rank). copeland, markov: see `voting`. Each with `weights`, (P,).
    switching: the second part for a
    history of fewer than `border` items, else the first. cascade: the first part's best `border`
    items come first, in the order of the second.
    """

    def __init__(self, rule: str, border: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.rule, self.border = rule, border

    def build(self, scores_shape: tuple, history_shape: tuple) -> None:
        self.weights_of_parts = self.add_weight(
            (scores_shape[1],), "ones", trainable=False, name="weights"
        )
        self.built = True

    def call(self, scores: Tensor, history: Tensor) -> Tensor:
        if self.rule == SWITCHING:
            parts = standard(scores, history)
            is_short = ops.sum(history, -1, keepdims=True) < self.border
            return ops.where(is_short, parts[:, 1], parts[:, 0])
        if self.rule == CASCADE:
            parts = standard(scores, history)
            is_candidate = ops.cast(ranks(scores[:, 0]) < self.border, parts.dtype)
            return parts[:, 0] + is_candidate * (AHEAD + parts[:, 1] - parts[:, 0])
        if self.rule in voting.RULES:
            return voting.voted(all_ranks(scores), self.weights_of_parts, self.rule)
        parts = comparable(scores, history, self.rule)
        return ops.sum(parts * self.weights_of_parts[:, None], 1)

    def compute_output_shape(self, scores_shape: tuple, history_shape: tuple) -> tuple:
        return history_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "rule": self.rule, "border": self.border}


def comparable(scores: Tensor, history: Tensor, rule: str) -> Tensor:
    """Scores of parts (B, P, I) in one unit, as a rule adds them; of votes Borda's counts."""
    if rule == WEIGHTED:
        return standard(scores, history)
    places = all_ranks(scores)
    if rule == RECIPROCAL:
        return 1 / (CONSTANT + places)
    return 1 - places / scores.shape[-1]


def all_ranks(scores: Tensor) -> Tensor:
    """The ranks of each part, (B, P, I)."""
    return ops.stack([ranks(scores[:, i]) for i in range(scores.shape[1])], 1)


def standard(scores: Tensor, history: Tensor) -> Tensor:
    """Deviations from the mean over what is not in the history; 0 for what is."""
    unseen = ops.cast(history[:, None] == 0, scores.dtype)
    count = ops.maximum(ops.sum(unseen, -1, keepdims=True), 1.0)
    there = ops.where(unseen > 0, scores, ops.zeros_like(scores))
    off = (there - ops.sum(there, -1, keepdims=True) / count) * unseen
    variance = ops.sum(off * off, -1, keepdims=True) / count
    return off / ops.sqrt(variance + 1e-12)


def ranks(scores: Tensor) -> Tensor:
    """(B, I) -> the place of each item, 0 for the highest, float32; by two sorts, for files have no
    other."""
    order = ops.top_k(scores, scores.shape[-1])[1]
    places = ops.top_k(-ops.cast(order, "float32"), scores.shape[-1])[1]
    return ops.cast(places, "float32")


def best_weights(
    parts: np.ndarray, seen: np.ndarray, truth: np.ndarray
) -> tuple[np.ndarray, float]:
    """Comparable scores (N, P, I) -> weights (P,) with the best NDCG at 10, and that; part by part.

    seen, truth: (N, I).
    """

    def judged(weights: Sequence[float]) -> float:
        total = np.einsum("npi,p->ni", parts, np.asarray(weights, np.float32))
        return float(ranking.ndcg(total, seen, truth).mean())

    weights = [1.0] * parts.shape[1]
    top = judged(weights)
    for _ in range(ROUNDS):
        for part in range(len(weights)):
            for value in TRIED:
                other = [*weights[:part], value, *weights[part + 1 :]]
                score = judged(other) if any(other) else 0.0
                if score > top:
                    weights, top = other, score
    return np.array(weights, np.float32), top
