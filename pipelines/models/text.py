"""Nets that read a text as a list of word vectors: a CNN, and recurrent ones."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import Tensor

CELLS = {"lstm": layers.LSTM, "gru": layers.GRU}


def embedded(
    words: Tensor, size: int, width: int, vectors: np.ndarray | None, trainable: bool
) -> Tensor:
    """Ids of words (B, T), `size` of them -> vectors (B, T, D); zeros if there is no word.

    vectors: what the table begins with, (size, D); None is random, D = `width`.
    """
    given = width if vectors is None else vectors.shape[1]
    # Keras's range, 0.05, is too small to learn from: about the size of trained vectors instead.
    start = keras.initializers.RandomUniform(-0.25, 0.25)
    table = layers.Embedding(
        size, given, embeddings_initializer=start, trainable=trainable, name="word_table"
    )
    x = table(words)
    if vectors is not None:
        table.set_weights([vectors])
    return x * ops.cast(is_word(words), x.dtype)[..., None]


def is_word(words: Tensor) -> Tensor:
    """Ids (B, T) -> bool (B, T)."""
    return ops.not_equal(words, 0)


def convolved(x: Tensor, words: Tensor, widths: Sequence[int], filters: int) -> Tensor:
    """Vectors (B, T, D) -> the largest answer of each filter anywhere, (B, F).

    Kim 2014, arXiv:1408.5882, section 2. F: `filters` of each of the `widths`, in words.
    """
    there = ops.cast(is_word(words), x.dtype)[..., None]
    found = []
    for width in widths:
        layer = layers.Conv1D(
            filters, width, padding="same", activation="relu", name=f"words_of_{width}"
        )
        # Answers are not negative, so the zeros behind the last word never are the largest.
        found.append(ops.max(layer(x) * there, 1))
    return layers.Concatenate(name="filters")(found) if len(found) > 1 else found[0]


def recurrent(x: Tensor, words: Tensor, cell: str, units: int, depth: int, dropout: Any) -> Tensor:
    """Vectors (B, T, D) -> the largest value of each state over the text, (B, 2 U).

    Both directions; the largest in place of the last, as it forgets less (Conneau et al. 2017,
    arXiv:1705.02364, section 3.2.2). cell: "lstm" or "gru". dropout: a function of features and a
    name, between layers.
    """
    mask = is_word(words)
    for i in range(depth):
        name = f"{cell}{i + 1}"
        inner = CELLS[cell](units, return_sequences=True)
        x = layers.Bidirectional(inner, name=name)(x, mask=mask)
        if i + 1 < depth:
            x = dropout(x, f"{name}_dropout")
    there = ops.cast(mask, x.dtype)[..., None]
    return ops.max(x - 2.0 * (1.0 - there), 1)  # states lie in (-1, 1)
