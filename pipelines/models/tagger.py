"""BiLSTM-CRF: words, letters and shapes through a bidirectional LSTM, tags by a random field.

Lample et al. 2016, arXiv:1603.01360; letters by a CNN as in Ma & Hovy 2016, arXiv:1603.01354.
Deviations: the shape of words as a feature of its own, as their letters alone teach little of it in
small data; AdamW for SGD.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor, bert
from pipelines.ops import crf


@keras.saving.register_keras_serializable(REGISTERED)
class Tagger(keras.Model):
    """A functional model whose loss is minus the log likelihood of the tags, per sentence.

    forbidden: (K + 2, K) as the scores of `Chain`, `crf.FORBIDDEN` if the scheme forbids it, else
    0.
    recall_margin: added in training to the score of tag 0, O, if another is true, so that the true
        one has to win by as much: softmax-margin (Gimpel & Smith 2010) with a cost for what is
        missed alone (Mohit et al. 2012).
    """

    forbidden, recall_margin = 0.0, 0.0

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        emissions, tags = y_pred["emissions"], y["tags"]
        if self.recall_margin and training:
            is_span = ops.cast(ops.not_equal(tags, 0), emissions.dtype)[..., None]
            outside = ops.one_hot(0, emissions.shape[-1])
            emissions = emissions + self.recall_margin * is_span * outside
        weights = chain(y_pred["scores"], self.forbidden)
        return ops.mean(crf.negative_log_likelihood(emissions, tags, y_pred["mask"], *weights))


@keras.saving.register_keras_serializable(REGISTERED)
class Chain(layers.Layer):
    """Scores of transitions: emissions (B, T, K) -> (B, K + 2, K).

    Rows are from each tag, then of the first and the last. fixed: they stay 0, which makes the tags
    independent of each other: softmax in place of the CRF.
    """

    def __init__(self, fixed: bool = False, **kwargs: Any):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.supports_masking = True
        self.fixed = fixed

    def build(self, shape: tuple) -> None:
        count = shape[-1]
        self.scores = self.add_weight(
            shape=(count + 2, count),
            initializer="zeros",
            trainable=not self.fixed,
            name="transitions",
        )
        self.built = True

    def call(self, emissions: Tensor) -> Tensor:
        return ops.tile(self.scores[None], (ops.shape(emissions)[0], 1, 1))

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], shape[-1] + 2, shape[-1])

    def get_config(self) -> dict:
        return {**super().get_config(), "fixed": self.fixed}


def chain(scores: Tensor, forbidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Scores of `Chain` and what the scheme forbids, (K + 2, K) -> transitions, start, end.

    transitions: (K, K); start, end: (K,).
    """
    scores, count = scores[0] + forbidden, forbidden.shape[1]
    return scores[:count], scores[count], scores[count + 1]


@keras.saving.register_keras_serializable(REGISTERED)
class LettersLSTM(layers.Layer):
    """Last states of a bidirectional LSTM over the letters of words.

    (B, T, L, D), mask (B, T, L) -> (B, T, 2 U).
    """

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units
        self.inner = layers.Bidirectional(layers.LSTM(units))

    def build(self, x_shape: tuple, is_letter_shape: tuple) -> None:
        self.inner.build((None, *x_shape[2:]))
        self.built = True

    def call(self, x: Tensor, is_letter: Tensor) -> Tensor:
        mask = ops.reshape(is_letter, (-1, is_letter.shape[2]))
        flat = self.inner(ops.reshape(x, (-1, *x.shape[2:])), mask=mask)
        return ops.reshape(flat, (*ops.shape(x)[:2], 2 * self.units))

    def compute_output_shape(self, x_shape: tuple, is_letter_shape: tuple) -> tuple:
        return (*x_shape[:2], 2 * self.units)

    def get_config(self) -> dict:
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(REGISTERED)
class FirstPieces(layers.Layer):
    """Features of word pieces (B, P, D) -> of words (B, T, D).

    first: the place of each word's first piece, (B, T).
    """

    def call(self, features: Tensor, first: Tensor) -> Tensor:
        places = ops.cumsum(ops.ones_like(features[..., 0]), 1) - 1
        is_first = ops.equal(ops.cast(first, places.dtype)[..., None], places[:, None])
        return ops.matmul(ops.cast(is_first, features.dtype), features)

    def compute_output_shape(self, features_shape: tuple, first_shape: tuple) -> tuple:
        return (*first_shape, features_shape[-1])


def contextual(net: keras.Model, pieces: Tensor, first: Tensor) -> Tensor:
    """Features of words by a BERT of KerasHub, (B, T, D).

    pieces: ids (B, P); first: place of each word's first piece (B, T).
    """
    return FirstPieces(name="first_pieces")(bert.sequence(net, pieces), first)


def word_features(
    inputs: Mapping[str, Tensor],
    sizes: Mapping[str, int],
    config: Any,
    known: Sequence[Tensor] = (),
) -> Tensor:
    """Features of each word by itself, (B, T, D).

    inputs: by name, ids of "words" and "shapes" (B, T), and of "letters" (B, T, L). sizes: how many
    ids each has. known: features that are there already. The embedding of words begins with the
    word vectors in `config.learned`, if there are some.
    """
    parts = list(known)
    if "words" in inputs:
        parts.append(_embedded(inputs["words"], sizes["words"], config))
    if config.shape_size:
        table = layers.Embedding(sizes["shapes"], config.shape_size, name="shape_table")
        parts.append(table(inputs["shapes"]))
    if config.letters != "none":
        parts.append(_letters(inputs["letters"], sizes["letters"], config))
    return layers.Concatenate(name="features")(parts) if len(parts) > 1 else parts[0]


def _embedded(words: Tensor, size: int, config: Any) -> Tensor:
    """Ids of words (B, T) -> (B, T, D)."""
    vectors = config.learned.get("vectors")
    width = config.word_size if vectors is None else vectors.shape[1]
    table = layers.Embedding(size, width, name="word_table")
    x = table(words)
    if vectors is not None:
        table.set_weights([vectors])
    return x


def _letters(letters: Tensor, size: int, config: Any) -> Tensor:
    """Ids of letters (B, T, L) -> what they tell of each word, (B, T, letter_units)."""
    x = layers.Embedding(size, config.letter_size, name="letter_table")(letters)
    x = layers.Dropout(config.dropout / 2, seed=config.seed + 1, name="letter_dropout")(x)
    is_letter = ops.not_equal(letters, 0)
    units = config.letter_units
    if config.letters == "lstm":
        return LettersLSTM(units // 2, name="letters_lstm")(x, is_letter)
    x = layers.Conv2D(units, (1, 3), padding="same", activation="relu", name="letters_conv")(x)
    # Features are not negative, so zeros behind the last letter never are the largest.
    return ops.max(x * ops.cast(is_letter, x.dtype)[..., None], 2)


def head(x: Tensor, is_token: Tensor, config: Any) -> dict[str, Tensor]:
    """Features (B, T, D) -> {"emissions": (B, T, K), "mask": (B, T), "scores": (B, K + 2, K)}.

    All are float32. They go through `lstm_layers` bidirectional LSTMs of `lstm_units` each way, if
    that is not 0.
    """
    x = layers.Dropout(config.dropout, seed=config.seed + 2, name="features_dropout")(x)
    count = config.lstm_layers if config.lstm_units else 0
    for i in range(count):
        lstm = layers.LSTM(config.lstm_units, return_sequences=True)
        x = layers.Bidirectional(lstm, name=f"lstm{i + 1}")(x, mask=is_token)
        x = layers.Dropout(config.dropout, seed=config.seed + 3 + i, name=f"lstm{i + 1}_dropout")(x)
    emissions = layers.Dense(len(config.labels), dtype="float32", name="emissions")(x)
    scores = Chain(config.output == "softmax", name="scores")(emissions)
    return {"emissions": emissions, "mask": ops.cast(is_token, "float32"), "scores": scores}
