"""Two vectors for each word, one as itself and one as a neighbour, and the losses that train them.

Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their Compositionality",
arXiv:1310.4546. Deviations: the words of a row of text share their noise words, so that scores are
products of matrices and a step touches few rows of the tables (Ji et al. 2016, arXiv:1604.04661);
AdaGrad in place of plain gradient descent, as words of a batch are added up.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor

VECTORS, CONTEXTS = "vectors", "contexts"  # tables, and outputs


@keras.saving.register_keras_serializable(REGISTERED)
class WordWindows(keras.Model):
    """{"words": (B, T)} -> {"vectors", "contexts": (B, T, D)}, with a loss of neighbours in text.

    is_bag: whether the mean of the neighbours predicts the word (CBOW), or the word each neighbour.
    negatives: noise words that stand against a true one. paths, turns: of hierarchical softmax, the
        nodes above each word, int (V, L), and the way taken there, +1, -1, or 0 behind the end;
        None is negative sampling.
    The targets are {"texts": (B, T), which text each word is of, 0 if there is no word, "reach":
    (B, T), how far its window goes, "noise": (B, N) words}.
    """

    is_bag, negatives = False, 5
    paths: np.ndarray | None = None
    turns: np.ndarray | None = None

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        words, near = x["words"], neighbours(y["texts"], y["reach"])
        counts = ops.sum(near, -1)  # (B, T), neighbours of each word
        own = y_pred[VECTORS]
        if self.is_bag:
            own = ops.matmul(near, own) / ops.maximum(counts, 1.0)[..., None]
            counts = ops.minimum(counts, 1.0)
        if self.paths is None:
            total = self._against_noise(own, y_pred[CONTEXTS], near, counts, y["noise"])
        else:
            total = self._along_paths(own, words, near, counts)
        return total / ops.maximum(ops.sum(counts), 1.0)

    def _against_noise(
        self, own: Tensor, contexts: Tensor, near: Tensor, counts: Tensor, noise: Tensor
    ) -> Tensor:
        """The sum over pairs of -log s(true) - K E log s(-noise), equation 4 of the paper."""
        drawn = ops.take(self.get_layer(CONTEXTS).embeddings, noise, axis=0)
        share = self.negatives / noise.shape[-1]
        wrong = ops.sum(ops.softplus(ops.einsum("btd,bnd->btn", own, drawn)), -1) * share
        if self.is_bag:
            right = counts * ops.softplus(-ops.sum(own * contexts, -1))
        else:
            right = near * ops.softplus(-ops.einsum("btd,bsd->bts", own, contexts))
        return ops.sum(right) + ops.sum(counts * wrong)

    def _along_paths(self, own: Tensor, words: Tensor, near: Tensor, counts: Tensor) -> Tensor:
        """The sum over pairs of -log p(word) by the turns on the way to it, equation 3."""
        nodes = ops.take(ops.convert_to_tensor(self.paths, "int32"), words, axis=0)
        turns = ops.take(ops.convert_to_tensor(self.turns, "float32"), words, axis=0)
        drawn = ops.take(self.get_layer(CONTEXTS).embeddings, nodes, axis=0)  # (B, T, L, D)
        is_turn = ops.abs(turns)
        if self.is_bag:
            scores = turns * ops.einsum("btd,btld->btl", own, drawn)
            return ops.sum(counts[..., None] * is_turn * ops.softplus(-scores))
        scores = turns[:, None] * ops.einsum("btd,bsld->btsl", own, drawn)
        return ops.sum(near[..., None] * is_turn[:, None] * ops.softplus(-scores))


def neighbours(texts: Tensor, reach: Tensor) -> Tensor:
    """Which words are in the window of which: float32 (B, T, T), 1 if row t has s within its reach.

    texts: (B, T), which text each word is of, 0 if none. reach: (B, T), words.
    """
    places = ops.arange(texts.shape[-1] or ops.shape(texts)[-1])
    apart = ops.abs(places[:, None] - places[None])
    is_near = (apart > 0) & (apart <= reach[..., None])
    is_text = ops.equal(texts[..., None], texts[:, None]) & (texts[..., None] > 0)
    return ops.cast(is_near & is_text, "float32")


def net(make: type, size: int, width: int, seed: int, **more: Any) -> keras.Model:
    """A model of class `make` with two tables of `size` words, D = `width`.

    Words start as in word2vec: small random numbers, and zeros for neighbours. more: attributes.
    """
    words = keras.Input((None,), dtype="int32", name="words")
    start = keras.initializers.RandomUniform(-0.5 / width, 0.5 / width, seed=seed)
    table = layers.Embedding(size, width, embeddings_initializer=start, name=VECTORS)
    other = layers.Embedding(size, width, embeddings_initializer="zeros", name=CONTEXTS)
    ids = ops.clip(words, 0, size - 1)  # a file may be asked for anything
    made = make({"words": words}, {VECTORS: table(ids), CONTEXTS: other(ids)})
    for name, value in more.items():
        setattr(made, name, value)
    return made
