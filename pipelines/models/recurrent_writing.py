"""Recurrent nets that translate: without attention, and with it after or within the recurrence."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers, ops

from pipelines.models import REGISTERED, Tensor
from pipelines.models.writing import BARRED, Writer, is_item

GATES = {"gru": 3, "lstm": 4}
STATES = {"gru": 1, "lstm": 2}  # vectors that a cell remembers, the first of which it tells


@keras.saving.register_keras_serializable(REGISTERED)
class Cell(layers.Layer):
    """One step of a GRU or LSTM whose inputs are projected already: (B, gates U) -> (B, N).

    What it gives is all that it remembers, so that the last of a sequence is the state. GRU as Cho
    et al. 2014 (arXiv:1406.1078), with the reset after the product; LSTM with 1 added to the
    forget gate (Jozefowicz et al. 2015).
    """

    def __init__(self, kind: str, units: int, seed: int = 0, **kwargs: Any):
        super().__init__(**kwargs)
        self.kind, self.units, self.seed = kind, units, seed
        self.state_size = self.output_size = STATES[kind] * units

    def build(self, shape: tuple) -> None:
        count = GATES[self.kind] * self.units
        self.recurrent = self.add_weight(
            shape=(self.units, count),
            initializer=keras.initializers.Orthogonal(seed=self.seed),
            name="recurrent_kernel",
        )
        self.offsets = self.add_weight(shape=(count,), initializer="zeros", name="recurrent_bias")
        self.built = True

    def call(self, inputs: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        after = self.after(inputs, states[0])
        return after, [after]

    def after(self, inputs: Tensor, state: Tensor) -> Tensor:
        """The state after one step, (B, N)."""
        before = state[:, : self.units]
        own = ops.matmul(before, self.recurrent) + self.offsets
        if self.kind == "gru":
            update, reset, new = ops.split(inputs, 3, -1)
            own_update, own_reset, own_new = ops.split(own, 3, -1)
            kept = ops.sigmoid(update + own_update)
            made = ops.tanh(new + ops.sigmoid(reset + own_reset) * own_new)
            return kept * before + (1 - kept) * made
        taken, forgotten, new, told = ops.split(inputs + own, 4, -1)
        memory = ops.sigmoid(forgotten + 1.0) * state[:, self.units :]
        memory = memory + ops.sigmoid(taken) * ops.tanh(new)
        return ops.concatenate([ops.sigmoid(told) * ops.tanh(memory), memory], -1)

    def get_config(self) -> dict:
        return {**super().get_config(), "kind": self.kind, "units": self.units, "seed": self.seed}


@keras.saving.register_keras_serializable(REGISTERED)
class Attention(layers.Layer):
    """Queries (B, T, U) look at a memory (B, S, D) -> contexts (B, T, D), weights (B, T, S).

    Luong et al. 2015 (arXiv:1508.04025, eq. 8, "general") multiplies a query with keys, or Bahdanau
    et al. 2014 (arXiv:1409.0473, section A.1.2) adds them. The keys are made by `keys`.
    """

    def __init__(self, kind: str, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.kind, self.units = kind, units
        self.to_keys = layers.Dense(units, use_bias=False, name="keys")
        self.to_queries = layers.Dense(units, name="queries") if kind == "bahdanau" else None
        self.weigh = layers.Dense(1, use_bias=False, name="weigh") if kind == "bahdanau" else None

    def build(self, memory: tuple) -> None:
        self.to_keys.build(memory)
        if self.kind == "bahdanau":
            self.to_queries.build((None, None, self.units))
            self.weigh.build((None, None, None, self.units))
        self.built = True

    def keys(self, memory: Tensor) -> Tensor:
        return self.to_keys(memory)

    def call(
        self, queries: Tensor, memory: Tensor, keys: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        if self.kind == "bahdanau":
            joined = ops.tanh(self.to_queries(queries)[:, :, None] + keys[:, None])
            scores = self.weigh(joined)[..., 0]
        else:
            scores = ops.matmul(queries, ops.transpose(keys, (0, 2, 1)))
        weights = ops.softmax(scores + BARRED * (1 - mask[:, None]), -1)
        return ops.matmul(weights, memory), weights

    def get_config(self) -> dict:
        return {**super().get_config(), "kind": self.kind, "units": self.units}


@keras.saving.register_keras_serializable(REGISTERED)
class AttendingCell(Cell):
    """A cell that looks at the source before each step, by its state: (B, gates U) -> (B, N + D).

    What it gives is its state, and the context that it saw. `source`: (memory, keys, mask), set
    before a sequence is run.
    """

    def __init__(self, kind: str, units: int, size: int, seed: int = 0, **kwargs: Any):
        super().__init__(kind, units, seed, **kwargs)
        self.size = size
        self.output_size = self.state_size + size
        self.attention = Attention("bahdanau", units, name="attention")
        self.project = layers.Dense(GATES[kind] * units, use_bias=False, name="project")
        self.source: tuple[Tensor, ...] = ()

    def build(self, shape: tuple) -> None:
        super().build(shape)
        self.attention.build((None, None, self.size))
        self.project.build((None, self.size))

    def call(self, inputs: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        after, context, _ = self.attended(inputs, states[0])
        return ops.concatenate([after, context], -1), [after]

    def attended(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """State after one step, context (B, D), weights (B, S)."""
        queries = state[:, None, : self.units]
        context, weights = self.attention(queries, *self.source)
        context = context[:, 0]
        return self.after(inputs + self.project(context), state), context, weights[:, 0]

    def get_config(self) -> dict:
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable(REGISTERED)
class RecurrentWriter(Writer):
    """A recurrent encoder and decoder.

    cell: gru or lstm. attention: "" hands over the last state alone, of the source read backwards
    (Sutskever et al. 2014, arXiv:1409.3215, section 3.3); luong looks at all states of a
    bidirectional encoder after the recurrence, for all steps at once, without input feeding;
    bahdanau looks before each step.
    """

    def __init__(self, cell: str, units: int, attention: str = "", **kwargs: Any):
        super().__init__(**kwargs)
        seed = self.settings["seed"]
        self.settings |= {"cell": cell, "units": units, "attention": attention}
        self.units, self.attends = units, attention
        gates, directions = GATES[cell], 2 if attention else 1
        self.depth = directions * units  # of the memory

        def projection(name: str) -> layers.Layer:
            return layers.Dense(gates * units, name=name)

        def loop(own: Cell, name: str, backwards: bool = False) -> layers.Layer:
            return layers.RNN(own, return_sequences=True, go_backwards=backwards, name=name)

        self.from_back = loop(Cell(cell, units, seed + 1), "backward", backwards=True)
        self.in_back = projection("in_backward")
        if attention:
            self.from_front = loop(Cell(cell, units, seed + 2), "forward")
            self.in_front = projection("in_forward")
            self.bridge = layers.Dense(STATES[cell] * units, activation="tanh", name="bridge")
        is_within = attention == "bahdanau"
        own = AttendingCell(cell, units, self.depth, seed + 3) if is_within else None
        self.cell = own or Cell(cell, units, seed + 3)
        self.decoder = loop(self.cell, "decoder")
        self.in_decoder = projection("in_decoder")
        self.looks = Attention("luong", units, name="attention") if attention == "luong" else None
        self.readout = layers.Dense(self.width, activation="tanh", name="readout")

    def build_parts(self) -> None:
        vectors = (None, None, self.width)
        states, gates = self.cell.state_size, (None, None, GATES[self.cell.kind] * self.units)
        for layer in (self.in_back, self.in_decoder):
            layer.build(vectors)
        self.from_back.build(gates)
        if self.attends:
            self.in_front.build(vectors)
            self.from_front.build(gates)
            self.bridge.build((None, 2 * states))
        self.decoder.build(gates)
        if self.looks:
            self.looks.build((None, None, self.depth))
        self.readout.build((None, None, self.units + (self.depth if self.attends else 0)))

    def encode(self, source: Tensor, training: bool = False) -> dict[str, Tensor]:
        mask = is_item(source)
        known = ops.cast(mask, "bool")
        vectors = self.vectors_dropout(self.table(source), training=training)
        back = self.from_back(self.in_back(vectors), mask=known)
        if not self.attends:
            return {"state": back[:, -1]}
        front = self.from_front(self.in_front(vectors), mask=known)
        told = [front[..., : self.units], ops.flip(back[..., : self.units], 1)]
        memory = ops.concatenate(told, -1)
        attention = self.looks or self.cell.attention
        state = self.bridge(ops.concatenate([front[:, -1], back[:, -1]], -1))
        return {"memory": memory, "keys": attention.keys(memory), "mask": mask, "state": state}

    def teach(self, read: Mapping[str, Tensor], before: Tensor, training: bool = False) -> Tensor:
        vectors = self.vectors_dropout(self.table(before), training=training)
        self._open(read)
        found = self.decoder(self.in_decoder(vectors), initial_state=[read["state"]])
        told = found[..., : self.units]
        if self.looks:
            context, _ = self.looks(told, read["memory"], read["keys"], read["mask"])
            told = ops.concatenate([told, context], -1)
        elif self.attends:
            told = ops.concatenate([told, found[..., self.cell.state_size :]], -1)
        return self.readout(told)

    def follow(
        self, read: Mapping[str, Tensor], state: Tensor, last: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        given = self.in_decoder(self.table(last))
        self._open(read)
        if self.looks:
            after = self.cell.after(given, state)
            told = after[:, None, : self.units]
            own = (read["memory"], read["keys"], read["mask"])
            contexts, weights = self.looks(told, *own)
            context, weights = contexts[:, 0], weights[:, 0]
        elif self.attends:
            after, context, weights = self.cell.attended(given, state)
        else:
            after = self.cell.after(given, state)
            return self.readout(after[:, : self.units]), after, ops.zeros_like(after[:, :1])
        told = ops.concatenate([after[:, : self.units], context], -1)
        return self.readout(told), after, weights

    def _open(self, read: Mapping[str, Tensor]) -> None:
        """Tells a cell that looks at the source what it is."""
        if self.attends and not self.looks:
            self.cell.source = (read["memory"], read["keys"], read["mask"])
