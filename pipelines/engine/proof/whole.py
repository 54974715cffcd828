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
        if self._parts is not None:
            self._first = np.unique(self._parts[0], return_index=True)[1]

    def update(self, targets: Any, decoded: Any) -> None:
        """A batch of targets and decoded answers, NumPy."""
        if self._parts is None:
            self._judge(targets, decoded)
        else:
            self._waiting.append((targets, decoded))

    def finish(self) -> Sequence[Any]:
        """The metrics, which have seen all then."""
        if self._waiting:
            targets, decoded = keras.tree.map_structure(
                lambda *t: np.concatenate(t), *self._waiting
            )
            first = keras.tree.map_structure(lambda t: t[self._first], targets)
            self._judge(first, keras.tree.map_structure(self._mean, decoded))
        return self._metrics

    def _mean(self, values: np.ndarray) -> np.ndarray:
        """(N, ...) of all rows -> the mean of each example, its rows weighed by their shares."""
        numbers, shares = self._parts
        total = np.zeros((len(self._first), *values.shape[1:]))
        weights = np.reshape(shares, (-1, *[1] * (values.ndim - 1)))
        np.add.at(total, np.unique(numbers, return_inverse=True)[1], weights * values)
        return total.astype(values.dtype)

    def _judge(self, targets: Any, decoded: Any) -> None:
        for metric in self._metrics:
            metric.update_state(targets, decoded)


def count(part: Any, method: Any, config: Any) -> int:
    """How many whole examples a part has."""
    parts = method.parts(part, config)
    return len(part) if parts is None else len(np.unique(parts[0]))
