"""The decoder of Llama and SmolLM2: RMS norms, rotary places, shared keys, gated layers.

Touvron et al. 2023, arXiv:2302.13971, section 2.2; keys and values that heads share are of Ainslie et
al. 2023, arXiv:2305.13245.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor
from pipelines.models.continued import Continued
from pipelines.models.low_rank import LowRank

HIDDEN = -1e9  # added to the scores of what comes later


@keras.saving.register_keras_serializable(REGISTERED)
class LlamaBlock(layers.Layer):
    """Attention and a gated layer: (B, T, D) -> (B, T, D), and keys and values.

    groups: of heads, each with its own keys and values. inner: units of the gated layer. rank: of
    what is learned of queries and values (Hu et al. 2021, section 4.2); 0 trains all.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        groups: int,
        inner: int,
        epsilon: float,
        rank: int = 0,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.settings = dict(
            width=width, heads=heads, groups=groups, inner=inner, epsilon=epsilon, rank=rank, seed=seed
        )  # fmt: skip
        self.width, self.inner = width, inner
        self.heads, self.groups, self.size = heads, groups, width // heads
        fixed = {"trainable": not rank}
        plain = {**fixed, "use_bias": False, "kernel_initializer": "zeros"}
        self.before = layers.RMSNormalization(epsilon=epsilon, name="before", **fixed)
        self.query = LowRank(width, rank, seed, name="query")
        self.key = layers.Dense(groups * self.size, name="key", **plain)
        self.value = LowRank(groups * self.size, rank, seed + 1, name="value")
        self.output_ = layers.Dense(width, name="output", **plain)
        self.behind = layers.RMSNormalization(epsilon=epsilon, name="behind", **fixed)
        self.gate = layers.Dense(inner, name="gate", **plain)
        self.up = layers.Dense(inner, name="up", **plain)
        self.down = layers.Dense(width, name="down", **plain)

    def build(self, shape: tuple) -> None:
        wide = (None, None, self.width)
        for layer in (self.before, self.query, self.key, self.value, self.output_, self.behind):
            layer.build(wide)
        for layer in (self.gate, self.up):
            layer.build(wide)
        self.down.build((None, None, self.inner))
        self.built = True

    def call(
        self, x: Tensor, turns: Tensor, mask: Tensor, past: Tensor = None, at: Tensor = 0
    ) -> tuple[Tensor, Tensor]:
        """turns: (2, T, 1, S / 2), see `turns`. mask: (T, C), added to scores.

        past: keys and values (B, 2, C, G, S), into which those of x are written at `at`; without
        it, x sees itself alone, and C is T.
        """
        normed = self.before(x)
        query = turned(self._parted(self.query(normed), self.heads), turns)
        key = turned(self._parted(self.key(normed), self.groups), turns)
        known = ops.stack([key, self._parted(self.value(normed), self.groups)], 1)
        if past is not None:
            known = ops.slice_update(past, (0, 0, at, 0, 0), known)
        x = x + self.output_(self._seen(query, known, mask))
        normed = self.behind(x)
        return x + self.down(ops.silu(self.gate(normed)) * self.up(normed)), known

    def _parted(self, x: Tensor, count: int) -> Tensor:
        """(B, T, count * S) -> (B, T, count, S)."""
        return ops.reshape(x, (-1, ops.shape(x)[1], count, self.size))

    def _seen(self, query: Tensor, known: Tensor, mask: Tensor) -> Tensor:
        """(B, T, H, S), keys and values (B, 2, C, G, S) -> (B, T, H * S).

        The heads of a group lie one behind the other, so that keys are read once for all of them.
        """
        length, share = ops.shape(query)[1], self.heads // self.groups
        query = ops.reshape(query, (-1, length, self.groups, share, self.size))
        query = ops.transpose(query, (0, 2, 3, 1, 4))
        query = ops.reshape(query, (-1, self.groups, share * length, self.size))
        key, value = (ops.transpose(known[:, i], (0, 2, 1, 3)) for i in (0, 1))
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * self.size**-0.5
        scores = ops.cast(scores, "float32") + ops.concatenate([mask] * share, 0)
        found = ops.matmul(ops.cast(ops.softmax(scores), value.dtype), value)
        found = ops.reshape(found, (-1, self.groups, share, length, self.size))
        found = ops.transpose(found, (0, 3, 1, 2, 4))
        return ops.reshape(found, (-1, length, self.width))

    def compute_output_shape(self, shape: tuple, *_: Any) -> tuple:
        return shape, (shape[0], 2, shape[1], self.groups, self.size)

    def get_config(self) -> dict:
        return {**super().get_config(), **self.settings}


@keras.saving.register_keras_serializable(REGISTERED)
class Llama(Continued):
    """Blocks on top of each other: (B, T, D) -> (B, T, D), T at most `context`.

    base: of the rotary places.
    """

    def __init__(
        self,
        context: int,
        width: int,
        depth: int,
        heads: int,
        groups: int,
        inner: int,
        base: float,
        epsilon: float,
        rank: int = 0,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        own = dict(width=width, heads=heads, groups=groups, inner=inner, epsilon=epsilon, rank=rank)
        self.settings = dict(**own, context=context, depth=depth, base=base, seed=seed)
        self.units, self.context = width, context
        self.kept = (1, 2, context, groups, width // heads)
        self._turns = turns(context, width // heads, base)
        self.blocks = [
            LlamaBlock(**own, seed=seed + 2 * i, name=f"block{i + 1}") for i in range(depth)
        ]
        self.norm = layers.RMSNormalization(epsilon=epsilon, trainable=not rank, name="norm")

    def build(self, shape: tuple) -> None:
        for layer in (*self.blocks, self.norm):
            layer.build(shape)
        self.built = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        length = ops.shape(x)[1]
        places = ops.arange(length)
        turned_by = ops.convert_to_tensor(self._turns)[:, :length]
        for block in self.blocks:
            x, _ = block(x, turned_by, _mask(places, places))
        return self.norm(x)

    def run(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """(1, T, D) and the state before -> (1, T, D) and the state after."""
        read = ops.cast(state[0, 0], "int32")
        places = self._places(read, x.shape[1])
        turned_by = ops.take(ops.convert_to_tensor(self._turns), places, axis=1)
        mask = _mask(places, ops.arange(self.context, dtype="int32"))

        def step(block: LlamaBlock, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
            return block(x, turned_by, mask, past, read)

        return self._through(x, state, step)


def turns(count: int, size: int, base: float) -> np.ndarray:
    """Cosine and sine of each place's angles, float32 (2, count, 1, size / 2).

    Su et al. 2021, arXiv:2104.09864, section 3.2.2; number i turns with number i + size / 2.
    """
    rates = base ** (-np.arange(0, size, 2) / size)
    angles = np.outer(np.arange(count), rates)[:, None]
    return np.stack([np.cos(angles), np.sin(angles)]).astype(np.float32)


def turned(x: Tensor, by: Tensor) -> Tensor:
    """(B, T, H, S), each pair of numbers turned by its angle."""
    first, second = ops.split(x, 2, -1)
    cosine, sine = (ops.cast(by[i], x.dtype) for i in (0, 1))
    return ops.concatenate([first * cosine - second * sine, second * cosine + first * sine], -1)


def _mask(asking: Tensor, seen: Tensor) -> Tensor:
    """0 for what is not later than the place that asks, and HIDDEN for what is: (T, C)."""
    is_before = ops.less_equal(seen[None], asking[:, None])
    return ops.where(is_before, 0.0, HIDDEN)
