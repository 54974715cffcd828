"""From which probability on a label holds: a number for each, chosen by F1 on held-out examples."""

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor

FEW = 5  # examples with a label, and without it, below which its threshold stays one half
SAMPLES = 50  # of the held-out examples, drawn with replacement from either kind
LOOKED_AT = 1_000_000  # examples of all samples together; many of them agree anyway


@keras.saving.register_keras_serializable(REGISTERED)
class Thresholds(layers.Layer):
    """Logits (B, C) -> (B, 2 C): the same, and behind them `values` (C,), logits too, not trained.

    So each exported file carries the thresholds that belong to its weights.
    """

    def build(self, input_shape: tuple) -> None:
        self.values = self.add_weight(
            (input_shape[-1],), "zeros", "float32", trainable=False, name="values"
        )
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        return ops.concatenate([inputs, ops.zeros_like(inputs) + self.values], -1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], 2 * input_shape[-1])


def chosen(logits: np.ndarray, is_true: np.ndarray) -> float:
    """The mean of `best` over bootstrap samples of held-out examples, logits and is_true (N,).

    One set of few examples has a best threshold that follows their chance; the mean over samples
    of them does so less (bagging, Breiman 1996). Examples with the label and those without are
    drawn apart, so that no sample of a rare label has too few.
    """
    chance, count = np.random.default_rng(0), len(logits)
    kinds = (np.flatnonzero(is_true), np.flatnonzero(~is_true))
    samples = max(1, min(SAMPLES, LOOKED_AT // max(1, count)))
    found = []
    for _ in range(samples):
        drawn = np.concatenate([chance.choice(own, len(own)) for own in kinds])
        found.append(best(logits[drawn], is_true[drawn]))
    return float(np.mean(found))


def best(logits: np.ndarray, is_true: np.ndarray) -> float:
    """The logit at or above which a label should hold: the one with the best F1.

    logits, is_true: (N,) of held-out examples. Of equals the one nearest to 0, a probability of one
    half, is taken; others lie midway between two examples, or at the lowest of all. Fan & Lin 2007,
    "A study on threshold selection for multi-label classification", section 2 (SCut).
    """
    if min(is_true.sum(), (~is_true).sum()) < FEW:
        return 0.0
    order = np.argsort(-logits, kind="stable")
    ranked, hits = logits[order].astype(np.float64), np.cumsum(is_true[order])
    taken = np.arange(1, len(ranked) + 1)
    f1 = 2 * hits / (taken + is_true.sum())
    is_cut = np.append(ranked[:-1] > ranked[1:], True)  # equal logits cannot be told apart
    cuts = (ranked + np.append(ranked[1:], ranked[-1])) / 2
    own = _at(0.0, logits, is_true)
    cuts, f1 = np.append(cuts[is_cut], 0.0), np.append(f1[is_cut], own)
    equal = np.isclose(f1, f1.max())
    return float(min(cuts[equal], key=abs))


def _at(cut: float, logits: np.ndarray, is_true: np.ndarray) -> float:
    """F1 at one threshold."""
    found = logits >= cut
    return 2 * (found & is_true).sum() / max(1, found.sum() + is_true.sum())
