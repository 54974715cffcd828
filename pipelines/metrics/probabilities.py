"""How good probabilities of classes are: the area under the ROC curve, log loss, and how sure is
right."""

import math
from typing import Any

import keras
import numpy as np
from scipy import stats

from pipelines.metrics import Tensor, Tensors

LEAST = float(np.finfo(np.float32).eps)  # a probability that counts as none, as scikit-learn has it
BINS = 15  # Guo et al. 2017, arXiv:1706.04599, as in `calibration`


class Probabilities(keras.metrics.Metric):
    """`auc`, `log_loss`, the AUC of each class, and the curve `calibration`.

    targets: (B, C) one-hot; decoded: {"probabilities": (B, C)}. auc is in [0, 1]: of two classes
    the area under the ROC curve of the second one's, of more the mean over classes, each against
    all others. A class that all examples or none have has NaN and is left out of the mean. log_loss
    is the mean of -log of the true class's probability, in nats. `calibration` has the share of
    right answers over the mean probability of the answer, in bins of equal width.
    """

    def __init__(self, name: str = "probabilities", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.reset_state()

    def reset_state(self) -> None:
        self.true, self.chances = [], []

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        self.true.append(np.asarray(targets).argmax(-1))
        self.chances.append(np.asarray(decoded["probabilities"], np.float64))

    def result(self) -> dict:
        if not self.true:
            return dict.fromkeys(("auc", "log_loss"), math.nan)
        true, chances = np.concatenate(self.true), np.concatenate(self.chances)
        ranked = chances if chances.shape[1] > 2 else chances[:, 1:] * [-1, 1]
        areas = np.array([auc(true == i, own) for i, own in enumerate(ranked.T)])
        known = areas[~np.isnan(areas)]
        own = np.maximum(chances[np.arange(len(true)), true], LEAST)
        return {
            "auc": float(known.mean()) if len(known) else math.nan,
            "log_loss": float(-np.log(own).mean()),
            "per_class": {"auc": areas},
            "curves": {"calibration": _reliability(true, chances)},
        }


def auc(is_true: np.ndarray, chances: np.ndarray) -> float:
    """The share of pairs of a true and a false example in which the true one has the higher chance.

    Equal chances count half. is_true: bool (N,), chances: (N,). NaN if there is no such pair.
    Hanley & McNeil 1982, section 2.
    """
    positives = int(is_true.sum())
    pairs = positives * (len(is_true) - positives)
    if not pairs:
        return math.nan
    above = stats.rankdata(chances)[is_true].sum() - positives * (positives + 1) / 2
    return float(above / pairs)


def _reliability(true: np.ndarray, chances: np.ndarray) -> dict:
    """A curve over the bins that have an answer."""
    confidence, is_right = chances.max(-1), chances.argmax(-1) == true
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    held = [bins == i for i in np.unique(bins)]
    return {
        "x": [float(confidence[own].mean()) for own in held],
        "y": [float(is_right[own].mean()) for own in held],
        "x_label": "probability of the answer",
        "y_label": "share that is right",
        "diagonal": True,
    }
