"""How well a language model predicts: perplexity, and bits for each character."""

import math

import keras
import numpy as np


class Perplexity(keras.metrics.Metric):
    """exp of the mean negative log-likelihood of what is judged, and the same mean in bits.

    targets: {"ids": int (B, T)}, -1 where nothing is judged; decoded: {"log_likelihood": (B, T)},
    natural logarithms.
    """

    def __init__(self, name="perplexity", **kwargs):
        super().__init__(name=name, **kwargs)
        self.reset_state()

    def reset_state(self):
        self.total, self.count = 0.0, 0

    def update_state(self, targets, decoded, sample_weight=None):
        judged = np.asarray(targets["ids"]) >= 0
        values = np.asarray(decoded["log_likelihood"], np.float64)
        self.total -= float(values[judged].sum())
        self.count += int(judged.sum())

    def result(self):
        mean = self.total / self.count if self.count else math.nan
        return {"perplexity": math.exp(min(mean, 700.0)), "bits_per_character": mean / math.log(2)}
