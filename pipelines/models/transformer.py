"""A decoder of Transformer blocks, which reads a text from left to right: the body of GPT-2."""

from typing import Any

import keras
import keras_hub
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor
from pipelines.models.continued import Continued

SPREAD = 0.02  # standard deviation of kernels at first; Radford et al. 2018, section 4.1
EPSILON = 1e-5  # of layer normalisation, as GPT-2 has it


@keras.saving.register_keras_serializable(REGISTERED)
class Decoder(Continued):
    """Blocks that normalise first: (B, T, D) -> (B, T, D), T at most `context`.

    Radford et al. 2019, section 2.3.
    """

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
        self.units, self.context = width, context
        self.kept = (1, 2, context, heads, width // heads)
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
        x = x + ops.take(table, self._places(read, x.shape[1]), axis=0)

        def step(block: layers.Layer, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
            return block(x, self_attention_cache=past, self_attention_cache_update_index=read)

        return self._through(x, state, step)
