"""Nets that read a text from left to right: what stands before each of its items, and one step of
it.

Each layer has two ways to go. `call` takes whole windows, as training does. `run` goes on from a
state, (B, N) float32, and gives the state that follows: one vector holds whatever the layer has to
remember, so that a device keeps nothing else. `size` is N. `spread` says how far from zero the
vectors of items may lie at first. `rows` are those of a training batch whose states are carried
over to the next; then `call` takes `is_first`, bool (B,), as well: rows that begin with zeros.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.models import CARRIED, REGISTERED, Tensor

CELLS = {"rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}
SPREAD = (
    0.1  # of the table at first; Keras's 0.05 holds recurrent nets at the plateau of frequencies
)
BARRED = -1e9  # added to the score of what must not come


@keras.saving.register_keras_serializable(REGISTERED)
class LanguageNet(keras.Model):
    """A functional model whose loss is the mean of minus the log likelihood of what is judged.

    raised: the output that holds it, an item each; those whose id is below 0 are not judged.
    """

    raised = "log_likelihood"

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        found = y_pred[self.raised]
        judged = ops.cast(ops.greater_equal(y["ids"], 0), found.dtype)
        return -ops.sum(found * judged) / ops.maximum(ops.sum(judged), 1.0)


@keras.saving.register_keras_serializable(REGISTERED)
class Recurrence(layers.Layer):
    """Recurrent layers on top of each other: (B, T, D) -> (B, T, U).

    cell: rnn, lstm or gru. rows: windows of a training batch; the states after each are the ones
    before the next batch's, through which no gradient goes. 0 begins each window with zeros.
    """

    spread = SPREAD

    def __init__(
        self,
        cell: str,
        units: int,
        depth: int = 1,
        dropout: float = 0.0,
        rows: int = 0,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.settings = dict(
            cell=cell, units=units, depth=depth, dropout=dropout, rows=rows, seed=seed
        )
        made = range(depth)
        self.units, self.rows = units, rows
        self.inner = [
            CELLS[cell](units, return_sequences=True, return_state=True, name=f"{cell}{i + 1}")
            for i in made
        ]
        self.between = [layers.Dropout(dropout, seed=seed + i) for i in made]
        self.kinds = 2 if cell == "lstm" else 1  # of states that a layer has

    @property
    def size(self) -> int:
        return len(self.inner) * self.kinds * self.units

    def build(self, shape: tuple) -> None:
        for layer in self.inner:
            layer.build(shape)
            shape = (*shape[:2], self.units)
        if self.rows:
            self.carried = self.add_weight(
                shape=(self.rows, self.size), initializer="zeros", trainable=False, name=CARRIED
            )
        self.built = True

    def call(self, x: Tensor, is_first: Tensor = None, training: bool = False) -> Tensor:
        is_carried = bool(training and self.rows)
        states = self._parted(self._before(is_first)) if is_carried else None
        after = []
        for i, layer in enumerate(self.inner):
            own = states[i] if states else None
            x, *found = layer(x, initial_state=own, training=training)
            x = self.between[i](x, training=training)
            after += found
        if is_carried:
            self.carried.assign(ops.stop_gradient(ops.concatenate(after, -1)))
        return x

    def run(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, D) and the state before -> (B, T, U) and the state after.

        Step by step: a loop's last state does not come out of a file in LiteRT.js.
        """
        after = []
        for layer, states in zip(self.inner, self._parted(state), strict=True):
            steps = []
            for at in range(x.shape[1]):
                found, states = layer.cell(x[:, at], states)
                steps.append(found)
            x = ops.stack(steps, 1)
            after += states
        return x, ops.concatenate(after, -1)

    def _before(self, is_first: Tensor) -> Tensor:
        """The states that the batch before has left, (rows, N)."""
        left = ops.convert_to_tensor(self.carried)
        return left if is_first is None else ops.where(is_first[:, None], 0.0, left)

    def _parted(self, state: Tensor) -> list[list[Tensor]]:
        """The states of each layer, (B, U) each."""
        parts = ops.split(state, len(self.inner) * self.kinds, -1)
        return [parts[i : i + self.kinds] for i in range(0, len(parts), self.kinds)]

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (*shape[:2], self.units)

    def get_config(self) -> dict:
        return {**super().get_config(), **self.settings}


@keras.saving.register_keras_serializable(REGISTERED)
class LastItems(layers.Layer):
    """A hidden layer of tanh over the last `count` vectors: (B, T, width) -> (B, T, units).

    Bengio et al. 2003, section 2. Before the text stand zeros.
    """

    spread, rows = SPREAD, 0

    def __init__(
        self, units: int, width: int, count: int, dropout: float = 0.0, seed: int = 0, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.settings = dict(units=units, width=width, count=count, dropout=dropout, seed=seed)
        self.units, self.width, self.count = units, width, count
        self.hidden = layers.Conv1D(units, count, activation="tanh", name="hidden")
        self.dropout = layers.Dropout(dropout, seed=seed)

    @property
    def size(self) -> int:
        return self.count * self.width

    def build(self, shape: tuple) -> None:
        self.hidden.build((None, None, self.width))
        self.built = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        padded = ops.pad(x, ((0, 0), (self.count - 1, 0), (0, 0)))
        return self.dropout(self.hidden(padded), training=training)

    def run(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, D) and the state before -> (B, T, U) and the state after."""
        before = ops.reshape(state, (-1, self.count, self.width))
        joined = ops.concatenate([before, x], 1)
        after = ops.reshape(joined[:, x.shape[1] :], (-1, self.size))
        return self.hidden(joined[:, 1:]), after

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (*shape[:2], self.units)

    def get_config(self) -> dict:
        return {**super().get_config(), **self.settings}


def net(
    size: int, width: int, body: layers.Layer, tied: bool, dropout: float, seed: int
) -> LanguageNet:
    """{"ids": int32 (B, W + 1), -1 behind the end or as a first without a past} ->
    {"log_likelihood": (B, W)}.

    The natural logarithm of the probability of each id but the first, after those before it. size:
    how many ids there are. width: of their vectors. body: a layer of this module. tied: whether
    the output has the weights of the table (Press & Wolf 2017, arXiv:1608.05859).
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    start = keras.initializers.RandomUniform(-body.spread, body.spread, seed=seed)
    table = layers.ReversibleEmbedding(
        size, width, tie_weights=tied, embeddings_initializer=start, name="table"
    )
    known = ops.maximum(ids, 0)
    x = layers.Dropout(dropout, seed=seed + 50, name="vectors_dropout")(table(known[:, :-1]))
    x = body(x, is_first=ops.less(ids[:, 0], 0)) if body.rows else body(x)
    if body.units != width:
        x = layers.Dense(width, name="narrow")(x)
    logits = ops.cast(table(x, reverse=True), "float32")
    found = ops.sparse_categorical_crossentropy(known[:, 1:], logits, from_logits=True)
    return LanguageNet({"ids": ids}, {"log_likelihood": -found}, name="language_model")


def scored(model: LanguageNet, ids: Tensor) -> Tensor:
    """Logits (B, T, V) of what follows each of the ids (B, T), read as one window."""
    x = model.get_layer("table")(ids)
    return _logits(model, model.get_layer("body")(x, training=False))


def followed(model: LanguageNet, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """{"ids": (B, T), "state": (B, N)} -> {"logits": (B, V) of what follows the last, "state"}."""
    x, state = model.get_layer("body").run(model.get_layer("table")(given["ids"]), given["state"])
    return {"logits": _logits(model, x[:, -1:])[:, 0], "state": state}


def continued(
    model: LanguageNet, given: Mapping[str, Tensor], count: int, never: Sequence[int]
) -> Tensor:
    """{"ids": (1, 1), "state": (1, N)} -> the `count` ids that follow, the likeliest each time.

    int32 (1, count); see `followed`. never: ids that must not come.
    """
    size = model.get_layer("table").input_dim
    barred = np.isin(np.arange(size), never) * BARRED

    def step(at: Tensor, ids: Tensor, state: Tensor, found: Tensor) -> tuple:
        after = followed(model, {"ids": ids, "state": state})
        best = ops.top_k(after["logits"] + ops.cast(barred, "float32"), 1)[1]
        best = ops.cast(best, "int32")
        return at + 1, best, after["state"], ops.slice_update(found, (0, at), best)

    found = ops.zeros((1, count), "int32")
    start = (ops.convert_to_tensor(0), given["ids"], given["state"], found)
    return ops.while_loop(lambda at, *_: ops.less(at, count), step, start)[-1]


def _logits(model: LanguageNet, x: Tensor) -> Tensor:
    if model.get_layer("body").units != model.get_layer("table").output_dim:
        x = model.get_layer("narrow")(x)
    return model.get_layer("table")(x, reverse=True)
