"""BiLSTM-CRF: words, their letters and their shape through a bidirectional LSTM, tags by a
conditional random field.

Lample et al. 2016, arXiv:1603.01360; letters by a CNN as in Ma & Hovy 2016, arXiv:1603.01354.
Deviations: the shape of words as a feature of its own, as their letters alone teach little of it in
    small data; AdamW for SGD.
"""

import keras
from keras import layers, ops

from pipelines.models import bert
from pipelines.ops import crf


@keras.saving.register_keras_serializable("pipelines")
class Tagger(keras.Model):
    """A functional model whose loss is minus the log likelihood of the tags, per sentence.

    forbidden: (K + 2, K) as the scores of `Chain`, `crf.FORBIDDEN` where the scheme forbids it,
    else 0. recall_margin: added in training to the score of tag 0, O, where another is true, so
    that the true one has to win by as much: softmax-margin (Gimpel & Smith 2010) with a cost for
        what is missed alone (Mohit et al. 2012).
    """

    forbidden, recall_margin = 0.0, 0.0

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        emissions, tags = y_pred["emissions"], y["tags"]
        if self.recall_margin and training:
            is_span = ops.cast(ops.not_equal(tags, 0), emissions.dtype)[..., None]
            emissions = emissions + self.recall_margin * is_span * ops.one_hot(
                0, emissions.shape[-1]
            )
        weights = chain(y_pred["scores"], self.forbidden)
        return ops.mean(crf.negative_log_likelihood(emissions, tags, y_pred["mask"], *weights))


@keras.saving.register_keras_serializable("pipelines")
class Chain(layers.Layer):
    """Scores of transitions: emissions (B, T, K) -> (B, K + 2, K), rows: from each tag, then of the
    first and the last.

    fixed: they stay 0, which makes the tags independent of each other: softmax in place of the CRF.
    """

    def __init__(self, fixed=False, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.supports_masking = True
        self.fixed = fixed

    def build(self, shape):
        count = shape[-1]
        self.scores = self.add_weight(
            shape=(count + 2, count),
            initializer="zeros",
            trainable=not self.fixed,
            name="transitions",
        )
        self.built = True

    def call(self, emissions):
        return ops.tile(self.scores[None], (ops.shape(emissions)[0], 1, 1))

    def compute_output_shape(self, shape):
        return (shape[0], shape[-1] + 2, shape[-1])

    def get_config(self):
        return {**super().get_config(), "fixed": self.fixed}


def chain(scores, forbidden):
    """Scores of `Chain` and what the scheme forbids, (K + 2, K) -> transitions (K, K), start (K,), end (K,)."""
    scores, count = scores[0] + forbidden, forbidden.shape[1]
    return scores[:count], scores[count], scores[count + 1]


@keras.saving.register_keras_serializable("pipelines")
class LettersLSTM(layers.Layer):
    """Last states of a bidirectional LSTM over the letters of words: (B, T, L, D), mask (B, T, L) -> (B, T, 2 U)."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.inner = layers.Bidirectional(layers.LSTM(units))

    def build(self, x_shape, is_letter_shape):
        self.inner.build((None, *x_shape[2:]))
        self.built = True

    def call(self, x, is_letter):
        flat = self.inner(
            ops.reshape(x, (-1, *x.shape[2:])),
            mask=ops.reshape(is_letter, (-1, is_letter.shape[2])),
        )
        return ops.reshape(flat, (*ops.shape(x)[:2], 2 * self.units))

    def compute_output_shape(self, x_shape, is_letter_shape):
        return (*x_shape[:2], 2 * self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("pipelines")
class FirstPieces(layers.Layer):
    """Features of word pieces (B, P, D), place of each word's first one (B, T) -> features of words (B, T, D)."""

    def call(self, features, first):
        places = ops.cumsum(ops.ones_like(features[..., 0]), 1) - 1
        is_first = ops.equal(ops.cast(first, places.dtype)[..., None], places[:, None])
        return ops.matmul(ops.cast(is_first, features.dtype), features)

    def compute_output_shape(self, features_shape, first_shape):
        return (*first_shape, features_shape[-1])


def contextual(net, pieces, first):
    """Features of words by a BERT of KerasHub: ids of pieces (B, P), place of each word's first (B, T) -> (B, T, D)."""
    return FirstPieces(name="first_pieces")(bert.sequence(net, pieces), first)


def word_features(inputs, sizes, config, known=()):
    """Ids of words and shapes (B, T), and of letters (B, T, L), by name -> features of each word by
    itself, (B, T, D).

    sizes: how many ids each has, by the same names. known: features that are there already. The
    embedding of words begins with the word vectors in `config.learned`, where there are some.
    """
    parts, words, shapes, letters = (
        list(known),
        inputs.get("words"),
        inputs["shapes"],
        inputs["letters"],
    )
    if words is not None:
        vectors = config.learned.get("vectors")
        width = config.word_size if vectors is None else vectors.shape[1]
        table = layers.Embedding(sizes["words"], width, name="word_table")
        parts.append(table(words))
        if vectors is not None:
            table.set_weights([vectors])
    if config.shape_size:
        parts.append(
            layers.Embedding(sizes["shapes"], config.shape_size, name="shape_table")(shapes)
        )
    if config.letters != "none":
        x = layers.Embedding(sizes["letters"], config.letter_size, name="letter_table")(letters)
        x = layers.Dropout(config.dropout / 2, seed=config.seed + 1, name="letter_dropout")(x)
        is_letter = ops.not_equal(letters, 0)
        if config.letters == "lstm":
            parts.append(LettersLSTM(config.letter_units // 2, name="letters_lstm")(x, is_letter))
        else:
            x = layers.Conv2D(
                config.letter_units, (1, 3), padding="same", activation="relu", name="letters_conv"
            )(x)
            # Features are not negative, so zeros behind the last letter never are the largest.
            parts.append(ops.max(x * ops.cast(is_letter, x.dtype)[..., None], 2))
    return layers.Concatenate(name="features")(parts) if len(parts) > 1 else parts[0]


def head(x, is_token, config):
    """Features (B, T, D) -> {"emissions": (B, T, K), "mask": (B, T), "scores": (B, K + 2, K)},
    float32.

    Through `lstm_layers` bidirectional LSTMs of `lstm_units` each way, where that is not 0.
    """
    x = layers.Dropout(config.dropout, seed=config.seed + 2, name="features_dropout")(x)
    for i in range(config.lstm_layers if config.lstm_units else 0):
        lstm = layers.LSTM(config.lstm_units, return_sequences=True)
        x = layers.Bidirectional(lstm, name=f"lstm{i + 1}")(x, mask=is_token)
        x = layers.Dropout(config.dropout, seed=config.seed + 3 + i, name=f"lstm{i + 1}_dropout")(x)
    emissions = layers.Dense(len(config.labels), dtype="float32", name="emissions")(x)
    scores = Chain(config.output == "softmax", name="scores")(emissions)
    return {"emissions": emissions, "mask": ops.cast(is_token, "float32"), "scores": scores}
