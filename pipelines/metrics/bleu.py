"""How good translations are: BLEU, chrF, the share that is word for word the reference."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors
from pipelines.ops import ngram_overlap

WIDTH = 5  # words of the source that are one point of the curve
FEW = 10  # sentences, at least, of such a point


class Translated(keras.metrics.Metric):
    """`bleu` and `chrf`, 0 to 100, see `ops.ngram_overlap`; `exact_match`, a share; and a curve.

    text: a function of ids, 0 behind -> text. targets: {"reference": int (B, R), 0 behind; "words":
    int (B,), of the source}; decoded: {"ids": int (B, L), 0 behind}. The curve is BLEU by the
    words of the source.
    """

    def __init__(self, text: Callable[[Any], str], name: str = "translated", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.text = text
        self.reset_state()

    def reset_state(self) -> None:
        self.made: list[str] = []
        self.true: list[str] = []
        self.words: list[int] = []

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        self.made += map(self.text, np.asarray(decoded["ids"]))
        self.true += map(self.text, np.asarray(targets["reference"]))
        self.words += np.asarray(targets["words"]).tolist()

    def result(self) -> dict[str, Any]:
        pairs = list(zip(self.made, self.true, strict=True))
        same = sum(made == true for made, true in pairs)
        return {
            "bleu": ngram_overlap.bleu(self.made, self.true),
            "chrf": ngram_overlap.chrf(self.made, self.true),
            "exact_match": same / len(pairs) if pairs else math.nan,
            "curves": self._curves(pairs),
        }

    def _curves(self, pairs: list[tuple[str, str]]) -> dict[str, dict]:
        """BLEU by words of the source, as `evaluate.collect` takes it."""
        places = np.maximum(0, np.array(self.words, int) - 1) // WIDTH
        x, y = [], []
        for place in np.unique(places):
            rows = np.flatnonzero(places == place)
            if len(rows) >= FEW:
                x.append(float(place * WIDTH + (WIDTH + 1) / 2))
                y.append(ngram_overlap.bleu(*zip(*(pairs[i] for i in rows), strict=True)))
        if len(x) < 2:
            return {}
        labels = {"x_label": "words of the source", "y_label": "BLEU"}
        return {"BLEU by length": {"x": x, "y": y, **labels, "diagonal": False}}
