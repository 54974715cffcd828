"""Answers to the parts of an example, such as windows of a long text, judged as one answer."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np


class Judge:
    """Feeds metrics with whole examples: see `parts` of the contract.

    Rows come in the order of the part. Without parts each goes to the metrics as it comes.
    """

    def __init__(self, metrics: Sequence[Any], part: Any, method: Any, config: Any):
        self._metrics = metrics
        self._parts = method.parts(part, config)
        self._waiting: list[tuple[Any, Any]] = []

    def update(self, targets: Any, decoded: Any) -> None:
        """A batch of targets and decoded answers, NumPy."""
        if self._parts is None:
            self._judge(targets, decoded)
        else:
            self._waiting.append((targets, decoded))

    def finish(self) -> Sequence[Any]:
        """The metrics, which have seen all then."""
        if self._waiting:
            self._judge(*joined(self._waiting, self._parts))
        return self._metrics

    def _judge(self, targets: Any, decoded: Any) -> None:
        for metric in self._metrics:
            metric.update_state(targets, decoded)


def joined(batches: Sequence[tuple[Any, Any]], parts: tuple[Any, Any]) -> tuple[Any, Any]:
    """(targets, decoded) of each batch of a part -> the same of its whole examples.

    parts: as `parts` of the contract gives them, of all rows.
    """
    numbers, shares = parts
    _, first, example = np.unique(numbers, return_index=True, return_inverse=True)

    def mean(values):
        total = np.zeros((len(first), *values.shape[1:]))
        weights = np.reshape(shares, (-1, *[1] * (values.ndim - 1)))
        np.add.at(total, example, weights * values)
        return total.astype(values.dtype)

    targets, decoded = keras.tree.map_structure(lambda *t: np.concatenate(t), *batches)
    own = keras.tree.map_structure(lambda t: t[first], targets)
    return own, keras.tree.map_structure(mean, decoded)


def count(part: Any, method: Any, config: Any) -> int:
    """How many whole examples a part has; an empty one has no columns to ask."""
    parts = method.parts(part, config) if len(part) else None
    return len(part) if parts is None else len(np.unique(parts[0]))
