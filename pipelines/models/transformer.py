"""A decoder of Transformer blocks, which reads a text from left to right: the body of GPT-2."""

from typing import Any

import keras
import keras_hub
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor

SPREAD = 0.02  # standard deviation of kernels at first; Radford et al. 2018, section 4.1
EPSILON = 1e-5  # of layer normalisation, as GPT-2 has it


@keras.saving.register_keras_serializable(REGISTERED)
class Decoder(layers.Layer):
    """Blocks that normalise first: (B, T, D) -> (B, T, D), T at most `context`.

    Radford et al. 2019, section 2.3. To go on from a state, see `language`: (B, N) holds how many
    items were read, and keys and values of each block for `context` items.
    """

    spread, rows = 0.05, 0

    def __init__(
        self,
        context: int,
        width: int,
        depth: int,
        heads: int,
        dropout: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.settings = dict(
            context=context, width=width, depth=depth, heads=heads, dropout=dropout, seed=seed
        )
        self.units, self.context, self.heads = width, context, heads
        start = keras.initializers.RandomNormal(stddev=SPREAD, seed=seed)
        self.places = keras_hub.layers.PositionEmbedding(context, start, name="places")
        self.blocks = [
            keras_hub.layers.TransformerDecoder(
                4 * width,
                heads,
                dropout,
                activation="gelu",
                layer_norm_epsilon=EPSILON,
                kernel_initializer=keras.initializers.RandomNormal(stddev=SPREAD, seed=seed + i),
                normalize_first=True,
                name=f"block{i + 1}",
            )
            for i in range(depth)
        ]
        self.norm = layers.LayerNormalization(epsilon=EPSILON, name="norm")

    @property
    def size(self) -> int:
        return 1 + len(self.blocks) * self._cache

    @property
    def _cache(self) -> int:
        """Numbers of keys and values of a block."""
        return 2 * self.context * self.units

    def build(self, shape: tuple) -> None:
        self.places.build(shape)
        for block in self.blocks:
            block.build(shape)
        self.norm.build(shape)
        self.built = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        x = x + self.places(x)
        for block in self.blocks:
            x = block(x, training=training)
        return self.norm(x)

    def run(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """(1, T, D) and the state before -> (1, T, D) and the state after."""
        read = ops.cast(state[0, 0], "int32")
        table = ops.convert_to_tensor(self.places.position_embeddings)
        last = (
            self.context - 1
        )  # what is beyond is never asked for, but timed with noise as a state
        places = ops.minimum(read + ops.arange(x.shape[1], dtype="int32"), last)
        x = x + ops.take(table, places, axis=0)
        shape = (1, 2, self.context, self.heads, self.units // self.heads)
        after = [state[:, :1] + x.shape[1]]
        for i, block in enumerate(self.blocks):
            own = state[:, 1 + i * self._cache : 1 + (i + 1) * self._cache]
            x, cache = block(
                x,
                self_attention_cache=ops.reshape(own, shape),
                self_attention_cache_update_index=read,
            )
            after.append(ops.reshape(cache, (1, -1)))
        return self.norm(x), ops.concatenate(after, -1)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return shape

    def get_config(self) -> dict:
        return {**super().get_config(), **self.settings}
