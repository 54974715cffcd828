"""Nets that read a sentence and write another one: what they share, whatever they are made of.

A net has three ways to go. `encode` reads the source. `teach` says what follows each item of a
given target, as training does. `follow` goes on by one item from a state, (B, N) float32, as a
device does. Id 0 stands before a target and closes it, and fills a source; 1 is never written.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor
from pipelines.models.language import BARRED, SPREAD, LanguageNet

END, UNKNOWN = 0, 1


@keras.saving.register_keras_serializable(REGISTERED)
class WritingNet(LanguageNet):
    """A functional model whose loss is the mean of what `Writer` says is to be raised."""

    raised = "smoothed"


class Writer(layers.Layer):
    """{"source": int32 (B, S), 0 behind; "target": int32 (B, T), -1 behind} -> what `net` gives.

    size: how many ids there are. width: of their vectors, which are the output's weights as well
    (Press & Wolf 2017, arXiv:1608.05859). longest: items that are written at most. smoothing: the
    share of the target that is spread evenly over all ids in training (Szegedy et al. 2016,
    arXiv:1512.00567, section 7).
    """

    def __init__(
        self,
        size: int,
        width: int,
        longest: int,
        dropout: float = 0.0,
        smoothing: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.settings: dict[str, Any] = dict(
            size=size,
            width=width,
            longest=longest,
            dropout=dropout,
            smoothing=smoothing,
            seed=seed,
        )
        self.longest, self.smoothing, self.width, self.size = longest, smoothing, width, size
        start = keras.initializers.RandomUniform(-SPREAD, SPREAD, seed=seed)
        self.table = layers.Embedding(size, width, embeddings_initializer=start, name="table")
        self.offsets = None
        self.vectors_dropout = layers.Dropout(dropout, seed=seed + 50)
        self.readout_dropout = layers.Dropout(dropout, seed=seed + 51)
        self.supports_jit = keras.backend.backend() != "tensorflow"  # whose XLA has no such loops

    def build(self, source_shape: tuple, target_shape: tuple) -> None:
        self.table.build((None, None))
        self.offsets = self.add_weight(shape=(self.size,), initializer="zeros", name="bias")
        self.build_parts()
        self.built = True

    def build_parts(self) -> None:
        """Builds the layers of a kind of net."""
        raise NotImplementedError

    def encode(self, source: Tensor, training: bool = False) -> dict[str, Tensor]:
        """(B, S) -> what `follow` needs: "state" (B, N) before the first item, and others."""
        raise NotImplementedError

    def teach(self, read: Mapping[str, Tensor], before: Tensor, training: bool = False) -> Tensor:
        """What was read, and the ids before each item, (B, T) -> features (B, T, width)."""
        raise NotImplementedError

    def follow(
        self, read: Mapping[str, Tensor], state: Tensor, last: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One step after the ids `last`, (B,) -> features (B, width), state, attention (B, S)."""
        raise NotImplementedError

    def call(self, source: Tensor, target: Tensor, training: bool = False) -> dict[str, Tensor]:
        read = self.encode(source, training)
        known = ops.maximum(target, 0)
        before = ops.pad(known[:, :-1], ((0, 0), (1, 0)))
        found = self.readout_dropout(self.teach(read, before, training), training=training)
        logits = self.logits(found)
        total = ops.logsumexp(logits, -1)
        # By rows of the table, which costs less than to look each id up in the logits.
        own = ops.sum(found * self.table(known), -1) + ops.take(self.offsets, known)
        likely = ops.cast(own, "float32") - total
        even = ops.mean(logits, -1) - total
        share = self.smoothing if training else 0.0
        smoothed = (1 - share) * likely + share * even if share else likely
        written = self._nothing(source) if training else self.write(read, ops.shape(source))
        return {"log_likelihood": likely, "smoothed": smoothed, **written}

    def logits(self, features: Tensor) -> Tensor:
        """(..., width) -> (..., V), float32."""
        weights = ops.transpose(ops.cast(self.table.embeddings, features.dtype))
        return ops.cast(ops.matmul(features, weights) + self.offsets, "float32")

    def write(self, read: Mapping[str, Tensor], shape: tuple) -> dict[str, Tensor]:
        """The likeliest item each time, until all rows have ended -> {"ids", "attention"}."""
        rows, width = shape[0], shape[1]
        barred = np.where(np.arange(self.size) == UNKNOWN, BARRED, 0.0).astype("float32")

        def step(
            at: Tensor, last: Tensor, state: Tensor, ids: Tensor, seen: Tensor, open_: Tensor
        ) -> tuple:
            features, after, attention = self.follow(read, state, last)
            best = ops.top_k(self.logits(features) + barred, 1)[1][:, 0]
            best = ops.where(open_, ops.cast(best, "int32"), END)
            here = ops.equal(ops.arange(self.longest), at)
            ids = ops.where(here[None], best[:, None], ids)
            seen = ops.where(here[None, :, None], attention[:, None], seen)
            return at + 1, best, after, ids, seen, ops.logical_and(open_, best != END)

        def goes_on(at: Tensor, *others: Tensor) -> Tensor:
            return ops.logical_and(at < self.longest, ops.any(others[-1]))

        nothing = ops.zeros((rows,), "int32")
        ids = ops.zeros((rows, self.longest), "int32")
        seen = ops.zeros((rows, self.longest, width), "float32")
        start = (ops.convert_to_tensor(0), nothing, read["state"], ids, seen, nothing == 0)
        found = ops.while_loop(goes_on, step, start)
        return {"ids": found[3], "attention": found[4]}

    def _nothing(self, source: Tensor) -> dict[str, Tensor]:
        """What training gives in place of a translation, which no loss looks at."""
        zeros = ops.zeros_like(source[:, :1])
        return {"ids": zeros, "attention": ops.cast(zeros[:, None], "float32")}

    def compute_output_spec(self, source: Any, target: Any, training: bool = False) -> dict:
        rows = source.shape[0]

        def made(shape: tuple, dtype: str = "float32") -> keras.KerasTensor:
            return keras.KerasTensor((rows, *shape), dtype)

        each = target.shape[1:]
        return {
            "log_likelihood": made(each),
            "smoothed": made(each),
            "ids": made((self.longest,), "int32"),
            "attention": made((self.longest, source.shape[1])),
        }

    def get_config(self) -> dict:
        return {**super().get_config(), **self.settings}


def net(writer: Writer) -> WritingNet:
    """{"source", "target"} -> what `Writer` gives, float32 but for the ids.

    log_likelihood, smoothed: (B, T), of each item of the target. ids: (B, L), what the net writes
    by itself, 0 behind, and attention: (B, L, S), where it looked; neither in training.
    """
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    outputs = writer(source, target)
    return WritingNet({"source": source, "target": target}, outputs, name="translation")


def is_item(source: Tensor) -> Tensor:
    """float32 (B, S): 1 for an item of a source, 0 behind its end."""
    return ops.cast(ops.not_equal(source, END), "float32")
