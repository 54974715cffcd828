"""A Transformer that translates: attention alone, in place of recurrence.

Vaswani et al. 2017, arXiv:1706.03762, with norms before the sublayers in place of behind them
(Xiong et al. 2020, arXiv:2002.04745), which needs no long warm-up.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor
from pipelines.models.writing import BARRED, Writer, is_item


@keras.saving.register_keras_serializable(REGISTERED)
class Heads(layers.Layer):
    """Attention of several heads: queries (B, T, D), keys and values (B, S, D) -> (B, T, D).

    Section 3.2.2. The keys and values are made by `known`, so that they can be kept.
    """

    def __init__(self, width: int, heads: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.width, self.heads = width, heads
        self.query, self.both, self.out = (
            layers.Dense(size, name=name)
            for name, size in (("query", width), ("both", 2 * width), ("out", width))
        )

    def build(self, shape: tuple) -> None:
        for layer in (self.query, self.both, self.out):
            layer.build((None, None, self.width))
        self.built = True

    def known(self, x: Tensor) -> Tensor:
        """(B, S, D) -> keys and values, (B, S, 2 D)."""
        return self.both(x)

    def call(self, x: Tensor, known: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """bias: added to the scores, (B or 1, 1, T or 1, S). Also gives the mean weights, (B, T, S)."""
        keys, values = ops.split(known, 2, -1)
        scale = (self.width // self.heads) ** -0.5
        scores = ops.matmul(self._parted(self.query(x)) * scale, self._turned(keys))
        weights = ops.softmax(scores + bias, -1)
        found = ops.transpose(ops.matmul(weights, self._parted(values)), (0, 2, 1, 3))
        joined = ops.reshape(found, (-1, *ops.shape(x)[1:]))
        return self.out(joined), ops.mean(weights, 1)

    def _parted(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, heads, T, D / heads)."""
        shape = (-1, ops.shape(x)[1], self.heads, self.width // self.heads)
        return ops.transpose(ops.reshape(x, shape), (0, 2, 1, 3))

    def _turned(self, x: Tensor) -> Tensor:
        return ops.transpose(self._parted(x), (0, 1, 3, 2))

    def get_config(self) -> dict:
        return {**super().get_config(), "width": self.width, "heads": self.heads}


@keras.saving.register_keras_serializable(REGISTERED)
class Block(layers.Layer):
    """Attention to itself, maybe to a source, and two dense layers; each added to what it had."""

    def __init__(
        self, width: int, heads: int, dropout: float, looks: bool, seed: int = 0, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.settings = dict(width=width, heads=heads, dropout=dropout, looks=looks, seed=seed)
        self.width = width
        self.own = Heads(width, heads, name="own")
        self.other = Heads(width, heads, name="other") if looks else None
        self.norms = [layers.LayerNormalization(epsilon=1e-5, name=f"norm{i}") for i in range(3)]
        self.wide = layers.Dense(4 * width, activation="relu", name="wide")
        self.narrow = layers.Dense(width, name="narrow")
        self.drop = layers.Dropout(dropout, seed=seed)

    def build(self, shape: tuple) -> None:
        vectors = (None, None, self.width)
        parts = [self.own, *self.norms, self.wide, *([self.other] if self.other else [])]
        for layer in parts:
            layer.build(vectors)
        self.narrow.build((None, None, 4 * self.width))
        self.built = True

    def known(self, x: Tensor) -> Tensor:
        """What attention to itself looks at, of these: (B, T, 2 D)."""
        return self.own.known(self.norms[0](x))

    def call(
        self,
        x: Tensor,
        known: Tensor,
        bias: Tensor,
        source: Tensor = None,
        source_bias: Tensor = None,
        training: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """(B, T, D) -> (B, T, D), and the weights of the attention to the source, or to itself."""
        found, weights = self.own(self.norms[0](x), known, bias)
        x = x + self.drop(found, training=training)
        if self.other is not None:
            found, weights = self.other(self.norms[1](x), source, source_bias)
            x = x + self.drop(found, training=training)
        found = self.narrow(self.wide(self.norms[2](x)))
        return x + self.drop(found, training=training), weights

    def get_config(self) -> dict:
        return {**super().get_config(), **self.settings}


@keras.saving.register_keras_serializable(REGISTERED)
class AttendingWriter(Writer):
    """Blocks that read and blocks that write. The state: items written, and their keys and values."""

    def __init__(self, depth: int, heads: int, **kwargs: Any):
        super().__init__(**kwargs)
        dropout, seed = self.settings["dropout"], self.settings["seed"]
        self.settings |= {"depth": depth, "heads": heads}
        width = self.width
        self.reading, self.writing = (
            [
                Block(width, heads, dropout, looks, seed + first + i, name=f"{name}{i + 1}")
                for i in range(depth)
            ]
            for name, looks, first in (("reading", False, 100), ("writing", True, 200))
        )
        self.read_norm = layers.LayerNormalization(epsilon=1e-5, name="read_norm")
        self.written_norm = layers.LayerNormalization(epsilon=1e-5, name="written_norm")
        self.places = waves(self.longest + 1, width)

    def build_parts(self) -> None:
        for layer in (*self.reading, *self.writing, self.read_norm, self.written_norm):
            layer.build((None, None, self.width))

    def encode(self, source: Tensor, training: bool = False) -> dict[str, Tensor]:
        mask = is_item(source)
        bias = BARRED * (1 - mask[:, None, None])
        x = self._placed(source, training)
        for block in self.reading:
            x, _ = block(x, block.known(x), bias, training=training)
        x = self.read_norm(x)
        memory = ops.concatenate([block.other.known(x) for block in self.writing], -1)
        count = 1 + len(self.writing) * 2 * self.width * self.longest
        state = ops.zeros((ops.shape(source)[0], count), memory.dtype)
        return {"memory": memory, "mask": mask, "state": state}

    def teach(self, read: Mapping[str, Tensor], before: Tensor, training: bool = False) -> Tensor:
        x = self._placed(before, training)
        at = ops.arange(ops.shape(before)[1])
        later = BARRED * ops.cast(at[None] > at[:, None], "float32")[None, None]
        bias = BARRED * (1 - read["mask"][:, None, None])
        for block, source in zip(self.writing, self._sources(read), strict=True):
            x, _ = block(x, block.known(x), later, source, bias, training=training)
        return self.written_norm(x)

    def follow(
        self, read: Mapping[str, Tensor], state: Tensor, last: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        count = ops.minimum(state[:1, 0], float(self.longest - 1))
        here = ops.equal(ops.arange(self.longest), ops.cast(count, "int32"))
        place = ops.cast(here, "float32")[None, :, None]
        bias = BARRED * ops.cast(ops.arange(self.longest) > ops.cast(count, "int32"), "float32")
        x = (
            self._scaled(last[:, None])
            + ops.sum(place * self.places[None, : self.longest], 1)[None]
        )
        kept, size = [state[:, :1] + 1], 2 * self.width * self.longest
        other = BARRED * (1 - read["mask"][:, None, None])
        for i, (block, source) in enumerate(zip(self.writing, self._sources(read), strict=True)):
            past = state[:, 1 + i * size : 1 + (i + 1) * size]
            past = ops.reshape(past, (-1, self.longest, 2 * self.width))
            known = past * (1 - place) + block.known(x) * place
            kept.append(ops.reshape(known, (-1, size)))
            x, weights = block(x, known, bias[None, None, None], source, other)
        return self.written_norm(x)[:, 0], ops.concatenate(kept, -1), weights[:, 0]

    def _sources(self, read: Mapping[str, Tensor]) -> list[Tensor]:
        return ops.split(read["memory"], len(self.writing), -1)

    def _scaled(self, ids: Tensor) -> Tensor:
        return self.table(ids) * float(self.width) ** 0.5

    def _placed(self, ids: Tensor, training: bool) -> Tensor:
        """Vectors and places of ids, (B, T, D)."""
        places = ops.convert_to_tensor(self.places)[: ops.shape(ids)[1]]
        return self.vectors_dropout(self._scaled(ids) + places[None], training=training)


def waves(count: int, width: int) -> np.ndarray:
    """Places as sines and cosines of falling frequency, float32 (count, width); section 3.5."""
    rates = 10_000.0 ** (-2 * (np.arange(width) // 2) / width)
    angles = np.arange(count)[:, None] * rates
    return np.where(np.arange(width) % 2, np.cos(angles), np.sin(angles)).astype(np.float32)
