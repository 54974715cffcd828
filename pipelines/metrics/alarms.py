"""How well the strangeness of pictures tells classes that training had from others."""

import math
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors
from pipelines.metrics.probabilities import auc


class Alarms(keras.metrics.Metric):
    """Share of pictures above the threshold; the area under the ROC curve if there are both kinds.

    decoded: {"strangeness": (B,)}, above 1 is strange. targets: maybe {"label": (B,)}. strange: the
    label of what training had not.
    """

    def __init__(self, strange: int, name: str = "alarms", **more: Any):
        super().__init__(name=name, **more)
        self.strange = strange
        self.reset_state()

    def reset_state(self) -> None:
        self.values: list[np.ndarray] = []
        self.labels: list[np.ndarray] = []

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        values = np.asarray(decoded["strangeness"], np.float64)
        self.values.append(values)
        self.labels.append(np.asarray(targets.get("label", np.zeros(len(values)))))

    def result(self) -> dict[str, float]:
        if not self.values:
            return {"alarm_share": math.nan}
        values, labels = np.concatenate(self.values), np.concatenate(self.labels)
        found = {"alarm_share": float(np.mean(values > 1))}
        is_strange = labels == self.strange
        if is_strange.any() and not is_strange.all() and np.isfinite(values).all():
            found["auc"] = float(auc(is_strange, values))
        return found
