"""How well a language model predicts: perplexity, and bits for each byte of the text."""

import math
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors


class Perplexity(keras.metrics.Metric):
    """exp of the mean negative log-likelihood of what is judged, and the bits for a byte of text.

    targets: {"ids": int (B, T), -1 if nothing is judged, "bytes": int (B, T), of UTF-8}; decoded:
    {"log_likelihood": (B, T)}, natural logarithms. Bits for a byte can be compared between models
    of characters and of words; unknown items count with all their bytes, which flatters a model
    that knows few: `unknown` is their share, of ids of UNKNOWN.
    """

    UNKNOWN = 1

    def __init__(self, name: str = "perplexity", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.reset_state()

    def reset_state(self) -> None:
        self.total, self.count, self.bytes, self.unknown = 0.0, 0, 0, 0
        self.by_place = np.zeros((2, 0))  # sum and count of each place of a window

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        ids = np.asarray(targets["ids"])
        judged = ids >= 0
        values = np.asarray(decoded["log_likelihood"], np.float64)
        self.total -= float(values[judged].sum())
        self.count += int(judged.sum())
        self.bytes += int(np.asarray(targets["bytes"])[judged].sum())
        self.unknown += int((ids == self.UNKNOWN).sum())
        here = np.stack([np.where(judged, -values, 0.0).sum(0), judged.sum(0)])
        missing = max(0, here.shape[1] - self.by_place.shape[1])
        self.by_place = np.pad(self.by_place, ((0, 0), (0, missing)))
        self.by_place[:, : here.shape[1]] += here

    def result(self) -> dict[str, Any]:
        if not self.count:
            return {"perplexity": math.nan, "bits_per_byte": math.nan, "unknown": math.nan}
        mean = self.total / self.count
        return {
            "perplexity": math.exp(min(mean, 700.0)),
            "bits_per_byte": self.total / math.log(2) / max(1, self.bytes),
            "unknown": self.unknown / self.count,
            "curves": self._curves(),
        }

    def _curves(self) -> dict[str, dict]:
        """Perplexity by the place in the window, as `evaluate.collect` takes it."""
        sums, counts = self.by_place
        places = np.flatnonzero(counts)
        if len(places) < 2:
            return {}
        means = np.minimum(sums[places] / counts[places], 700.0)
        labels = {"x_label": "items that the window has before", "y_label": "perplexity"}
        x, y = places.tolist(), np.exp(means).tolist()
        return {"perplexity by position": {"x": x, "y": y, **labels, "diagonal": False}}
