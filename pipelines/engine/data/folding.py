"""Cross-validation's data: the same examples, each held out once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from pipelines.errors import PipelineError
from pipelines.formats import examples
from pipelines.formats._cutting import folds
from pipelines.formats.examples import Data, Examples

LEARNED = ("train", "validation")  # splits that are folded; test stays out


def folded(data: Data, count: int) -> Iterator[Data]:
    """`count` times the training and validation examples of `data`, as three splits.

    A fold is the test; of the rest, a tenth is the validation split. The test split of `data` is
    left out. Raises PipelineError if there are fewer examples than folds.
    """
    check(data, count)
    whole = _whole(data)
    fold = folds(whole.names, count, _classes(whole))
    for number in range(count):
        held = [i for i, name in enumerate(whole.names) if fold[name] == number]
        rest = sorted(set(range(len(whole))) - set(held))
        splits = {"train": whole.take(rest), "test": whole.take(held)}
        cut = examples.cut_splits(splits, classes="label")
        yield dataclasses.replace(data, splits=cut)


def check(data: Data, count: int) -> None:
    """Raises PipelineError if the data cannot be cut into so many folds."""
    most = len(_whole(data))
    if not 2 <= count <= most:
        raise PipelineError(
            f"folds must be from 2 to {most}, the number of examples; got {count}. Try 5."
        )


def _whole(data: Data) -> Examples:
    return examples.joined([data.splits[name] for name in LEARNED if name in data.splits])


def _classes(part: Examples) -> list:
    """The class id of each example, or nothing if there is no single one."""
    ids = part.columns.get("label", [])
    return list(ids) if all(np.ndim(value) == 0 for value in ids) else []
