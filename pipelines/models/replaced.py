"""ELECTRA's pretraining: which pieces of a text has a generator put in the place of others?

Clark et al. 2020, arXiv:2003.10555, section 2. Deviation: the generator's table of pieces is its
own, as both nets are small.
"""

from typing import Any

import keras
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor

SHARE = 0.15  # of pieces that are masked; section 3.1
WEIGHT = 50.0  # of the discriminator's loss; section 2, lambda
SMALLER = 4  # times that the generator is narrower than the discriminator, as in section 3.2


def backbone(
    size: int, width: int, depth: int, length: int, dropout: float, name: str = "electra"
) -> keras.Model:
    """KerasHub's ELECTRA for `size` pieces and texts of `length`, random weights."""
    import keras_hub

    return keras_hub.models.ElectraBackbone(
        vocab_size=size,
        num_layers=depth,
        num_heads=max(1, width // 16),
        hidden_dim=width,
        embedding_dim=width,
        intermediate_dim=4 * width,
        dropout=dropout,
        max_sequence_length=length,
        name=name,
    )


@keras.saving.register_keras_serializable(REGISTERED)
class Drawn(layers.Layer):
    """Logits (B, P, V) -> ids (B, P), int32, drawn by their probabilities (Gumbel's maximum)."""

    def __init__(self, seed: int = 0, **kwargs: Any):
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, logits: Tensor) -> Tensor:
        uniform = keras.random.uniform(ops.shape(logits), 1e-6, 1.0, seed=self.generator)
        noise = -ops.log(-ops.log(uniform) + 1e-9)
        return ops.cast(ops.argmax(ops.stop_gradient(logits) + noise, -1), "int32")

    def compute_output_shape(self, shape: tuple) -> tuple:
        return shape[:-1]

    def get_config(self) -> dict:
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable(REGISTERED)
class Pretrainer(keras.Model):
    """A functional model whose loss is the generator's and the discriminator's together."""

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        is_masked = ops.cast(ops.not_equal(x["masked"], x["pieces"]), "float32")
        guessed = keras.losses.sparse_categorical_crossentropy(
            x["pieces"], y_pred["guessed"], from_logits=True
        )
        is_other = ops.cast(ops.not_equal(y_pred["put"], x["pieces"]), "float32")
        found = keras.losses.binary_crossentropy(
            is_other[..., None], y_pred["odds"][..., None], from_logits=True
        )
        is_piece = ops.cast(ops.not_equal(x["pieces"], 0), "float32")
        return _mean(guessed, is_masked) + WEIGHT * _mean(found, is_piece)


def pretrainer(net: keras.Model, seed: int) -> Pretrainer:
    """{"pieces", "segments", "masked": int32 (B, P)} -> {"guessed", "put", "odds"}.

    net: the discriminator, an ELECTRA of KerasHub, whose weights are shared. masked: pieces, of
    which some are another id that stands for none.
    """
    inputs = {
        name: keras.Input((None,), dtype="int32", name=name)
        for name in ("pieces", "segments", "masked")
    }
    width = max(8, net.hidden_dim // SMALLER)
    length = net.max_sequence_length
    generator = backbone(net.vocab_size, width, net.num_layers, length, 0.0, "generator")
    guessed = layers.Dense(net.vocab_size, name="guess")(_read(generator, inputs, "masked"))
    drawn = Drawn(seed, name="drawn")(guessed)
    is_masked = ops.not_equal(inputs["masked"], inputs["pieces"])
    put = ops.where(is_masked, drawn, inputs["pieces"])
    odds = layers.Dense(1, name="replaced")(_read(net, {**inputs, "put": put}, "put"))[..., 0]
    return Pretrainer(inputs, {"guessed": guessed, "put": put, "odds": odds})


def _read(net: keras.Model, inputs: dict[str, Tensor], name: str) -> Tensor:
    """Features of the ids called `name`."""
    is_piece = ops.cast(ops.not_equal(inputs["pieces"], 0), "int32")
    own = {"token_ids": inputs[name], "segment_ids": inputs["segments"], "padding_mask": is_piece}
    return net(own)["sequence_output"]


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return ops.sum(values * weights) / ops.maximum(ops.sum(weights), 1.0)
