"""Several labels an example: F1 by label and over all, average precision, and whole answers
right."""

import math
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors


class SeveralLabels(keras.metrics.Metric):
    """`macro_f1`, `micro_f1`, `map`, `subset_accuracy`, and values by label.

    targets: (B, C), 0 or 1; decoded: {"probabilities", "thresholds": (B, C)}. A label holds if its
    probability is at or above its threshold. subset_accuracy is the share of examples all of whose
    labels are right; map the mean of the labels' average precision, the area under precision over
    recall without interpolation, as scikit-learn has it. A label that no example has and no answer
    names is left out of macro_f1, and one that no example has of map.
    """

    def __init__(self, name: str = "several_labels", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.reset_state()

    def reset_state(self) -> None:
        self.true, self.chances, self.found = [], [], []

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        chances = np.asarray(decoded["probabilities"], np.float64)
        self.true.append(np.asarray(targets) >= 0.5)
        self.chances.append(chances)
        self.found.append(chances >= np.asarray(decoded["thresholds"], np.float64))

    def result(self) -> dict:
        if not self.true:
            return dict.fromkeys(("macro_f1", "micro_f1", "map", "subset_accuracy"), math.nan)
        true, chances, found = map(np.concatenate, (self.true, self.chances, self.found))
        hits, support, named = ((true & found).sum(0), true.sum(0), found.sum(0))
        f1, seen = _ratio(2 * hits, support + named), support + named > 0
        precisions = np.array(list(map(average_precision, true.T, chances.T)))
        return {
            "macro_f1": float(f1[seen].mean()) if seen.any() else 0.0,
            "micro_f1": float(_ratio(2 * hits.sum(), support.sum() + named.sum())),
            "map": float(precisions[support > 0].mean()) if support.any() else math.nan,
            "subset_accuracy": float((true == found).all(1).mean()),
            "per_class": {
                "macro_f1": f1,
                "precision": _ratio(hits, named),
                "recall": _ratio(hits, support),
                "average_precision": precisions,
                "support": support,
            },
        }


def average_precision(is_true: np.ndarray, chances: np.ndarray) -> float:
    """sum over ranks of (recall_k - recall_(k-1)) precision_k; equal chances are one rank.

    is_true: bool (N,), chances: (N,). 0 if no example has the label.
    """
    order = np.argsort(-chances, kind="stable")
    ranked, hits = chances[order], np.cumsum(is_true[order])
    ends = np.append(ranked[:-1] > ranked[1:], True)
    precision = hits[ends] / (np.flatnonzero(ends) + 1)
    gains = np.diff(hits[ends], prepend=0)
    return float((gains * precision).sum() / max(1, is_true.sum()))


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(b > 0, a / np.maximum(b, 1), 0.0)
