"""A BERT of KerasHub on word pieces: features of each piece, and of the whole text."""

import keras
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor

# The table of pieces, most of whose entries are in no text of a small data set, and the layer for
# whole texts, which nothing here reads.
NEVER_TRAINED = ("token_embedding", "pooled_dense")


def fixed(net: keras.Model) -> keras.Model:
    """`net` with its NEVER_TRAINED frozen, which phases of fine-tuning heed."""
    net.never_trained = NEVER_TRAINED
    for name in NEVER_TRAINED:
        net.get_layer(name).trainable = False
    return net


def sequence(net: keras.Model, pieces: Tensor, segments: Tensor | None = None) -> Tensor:
    """Ids of pieces (B, P), int, 0 behind the last -> features (B, P, D).

    segments: (B, P), 1 in the second of two; None is one segment.
    """
    inputs = {
        "token_ids": pieces,
        "segment_ids": ops.zeros_like(pieces) if segments is None else segments,
        "padding_mask": ops.cast(ops.not_equal(pieces, 0), "int32"),
    }
    return net(inputs)["sequence_output"]


@keras.saving.register_keras_serializable(REGISTERED)
class Mean(layers.Layer):
    """Features (B, P, D), ids of pieces (B, P) -> the mean over pieces, of length sqrt(D): (B, D).

    The direction is the sentence's vector as sentence-transformers has it (Reimers & Gurevych 2019,
    arXiv:1908.10084, section 3); at that length a feature is about 1, which heads are made for.
    """

    def call(self, features: Tensor, pieces: Tensor) -> Tensor:
        is_piece = ops.cast(ops.not_equal(pieces, 0), features.dtype)[..., None]
        mean = ops.sum(features * is_piece, 1) / ops.maximum(ops.sum(is_piece, 1), 1)
        square = ops.mean(ops.square(mean), -1, keepdims=True)
        return mean * ops.rsqrt(ops.maximum(square, 1e-12))

    def compute_output_shape(self, features_shape: tuple, pieces_shape: tuple) -> tuple:
        return (features_shape[0], features_shape[-1])
