"""Start and end of an answer in a passage, on features of pieces.

Devlin et al. 2019, arXiv:1810.04805, section 4.2: the first piece stands for no answer.
"""

from typing import Any

import keras
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor
from pipelines.ops import spans


@keras.saving.register_keras_serializable(REGISTERED)
class Finder(keras.Model):
    """A functional model whose loss is the mean cross-entropy of start and end, per window."""

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        losses = [
            keras.losses.sparse_categorical_crossentropy(
                ops.cast(y[name], "int32"), y_pred[name], from_logits=True
            )
            for name in ("start", "end")
        ]
        return ops.mean(losses[0] + losses[1]) / 2


@keras.saving.register_keras_serializable(REGISTERED)
class Threshold(layers.Layer):
    """Logits (B, P) -> (B,): the log odds above which there is an answer, `value`, not trained.

    So each exported file carries the threshold that belongs to its weights.
    """

    def build(self, shape: tuple) -> None:
        self.value = self.add_weight((), "zeros", "float32", trainable=False, name="value")
        self.built = True

    def call(self, logits: Tensor) -> Tensor:
        return ops.zeros_like(logits[:, 0]) + self.value

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0],)


def head(features: Tensor, segments: Tensor, dropout: float, seed: int) -> dict[str, Tensor]:
    """Features (B, P, D), segments (B, P) -> {"start", "end": logits (B, P), "threshold": (B,)}.

    float32. Only the first place and the pieces of the passage, of segment 1, can be either.
    """
    x = layers.Dropout(dropout, seed=seed, name="features_dropout")(features)
    logits = layers.Dense(2, dtype="float32", name="start_end")(x)
    places = ops.cumsum(ops.ones_like(logits[..., 0]), 1)
    is_open = ops.logical_or(ops.equal(places, 1), ops.equal(segments, 1))
    outside = spans.OUTSIDE * (1 - ops.cast(is_open, "float32"))
    start, end = (logits[..., i] + outside for i in (0, 1))
    return {"start": start, "end": end, "threshold": Threshold(name="threshold")(start)}


def answer(outputs: dict[str, Tensor], longest: int) -> dict[str, Any]:
    """Outputs of `head` -> {"start", "end": int32 (B,), places, "score": (B,)}.

    score: log odds of the best span of at most `longest` pieces against no answer in this window,
    less the threshold. So the scores of windows can be compared, which their logits cannot.
    """
    start, end = outputs["start"], outputs["end"]
    none = start[:, 0] + end[:, 0]
    places = ops.cumsum(ops.ones_like(start), 1)
    first = spans.OUTSIDE * ops.cast(ops.equal(places, 1), "float32")
    begin, last, score = spans.best(start + first, end + first, longest)
    return {"start": begin, "end": last, "score": score - none - outputs["threshold"]}
