"""What a model says of the next item, after all that it has read so far."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import ngram

Run = Callable[..., dict]


class Net:
    """A net, which goes on from a state by its programs `prefill` and `step`.

    config: the device's, with `chunk`, ids that `prefill` takes; `state`, numbers of a state; and
    `context`, ids that fit into one, or 0 if any number does.
    """

    def __init__(self, run: Run, config: Mapping[str, Any]):
        self._run, self._config = run, config
        self._begin()

    def read(self, ids: Sequence[int]) -> np.ndarray:
        """Reads ids, one at least -> logits (V,) of what comes next.

        If there is no room for them, all but the last half of a context is forgotten.
        """
        context = self._config["context"]
        self._read = [*self._read, *ids][-context:] if context else []
        waiting = list(ids)
        if context and self._count + len(waiting) > context:
            waiting = self._read[-max(1, context // 2) :]
            self._begin(waiting)
        logits = np.zeros(0, np.float32)
        while waiting:
            size = self._config["chunk"] if len(waiting) >= self._config["chunk"] else 1
            logits = self._go(waiting[:size], "step" if size == 1 else "prefill")
            waiting = waiting[size:]
        return logits

    def copy(self) -> "Net":
        """A reader that has read the same; what either reads next leaves the other alone."""
        return copy.copy(self)

    def _begin(self, read: Sequence[int] = ()) -> None:
        self._state = np.zeros((1, self._config["state"]), np.float32)
        self._count, self._read = 0, list(read)

    def _go(self, ids: Sequence[int], program: str) -> np.ndarray:
        given = {"ids": np.array([ids], np.int32), "state": self._state}
        found = self._run(given, program)
        self._state = np.asarray(found["state"])
        self._count += len(ids)
        return np.asarray(found["logits"])[0]


class Counts:
    """Counted n-grams, which give the probability of one item at a time."""

    def __init__(self, run: Run, order: int, size: int):
        self._run, self._order, self._size = run, order, size
        self._read: list[int] = [ngram.START] * order

    def read(self, ids: Sequence[int]) -> np.ndarray:
        """Reads ids -> log probabilities (V,) of what comes next."""
        self._read = [*self._read, *ids][-self._order :]
        history = self._read[1:]
        rows = np.array([[*history, i] for i in range(self._size)], np.int32)
        found = np.asarray(self._run({"ids": rows})["log_likelihood"])[:, -1].copy()
        found[ngram.START] = -np.inf
        return found

    def copy(self) -> "Counts":
        return copy.copy(self)
