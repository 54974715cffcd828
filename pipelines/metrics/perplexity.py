"""How well a language model predicts: perplexity, and bits for each character."""

import math
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors


class Perplexity(keras.metrics.Metric):
    """exp of the mean negative log-likelihood of what is judged, and the same mean in bits.

    targets: {"ids": int (B, T)}, -1 if nothing is judged; decoded: {"log_likelihood": (B, T)},
    natural logarithms.
    """

    def __init__(self, name: str = "perplexity", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.reset_state()

    def reset_state(self) -> None:
        self.total, self.count = 0.0, 0

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        judged = np.asarray(targets["ids"]) >= 0
        values = np.asarray(decoded["log_likelihood"], np.float64)
        self.total -= float(values[judged].sum())
        self.count += int(judged.sum())

    def result(self) -> dict[str, float]:
        mean = self.total / self.count if self.count else math.nan
        return {"perplexity": math.exp(min(mean, 700.0)), "bits_per_character": mean / math.log(2)}
