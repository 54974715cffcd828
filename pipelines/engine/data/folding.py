"""Cross-validation's data: the same examples, each held out once."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pipelines.errors import PipelineError
from pipelines.formats import examples
from pipelines.formats._cutting import folds
from pipelines.formats.examples import Data, Examples

Keys = Callable[[Examples], Sequence[str]]  # examples with the same key stay together
NAMES: Keys = operator.attrgetter("names")
LEARNED = ("train", "validation")  # splits that are folded; test stays out


def folded(data: Data, count: int, together: Keys = NAMES) -> Iterator[Data]:
    """`count` times the training and validation examples of `data`, as three splits.

    A fold is the test; of the rest, a tenth is the validation split. The test split of `data` is
    left out. together: of examples, the key of each; those with the same key are in one split.
    Raises PipelineError if there are fewer keys than folds.
    """
    check(data, count, together)
    whole = _whole(data)
    keys = dict(zip(whole.names, together(whole), strict=True))
    fold = folds(keys.values(), count, _classes(whole))
    for number in range(count):
        held = [i for i, name in enumerate(whole.names) if fold[keys[name]] == number]
        rest = sorted(set(range(len(whole))) - set(held))
        splits = {"train": whole.take(rest), "test": whole.take(held)}
        cut = examples.cut_splits(splits, keys.__getitem__, "label")
        yield dataclasses.replace(data, splits=cut)


def check(data: Data, count: int, together: Keys = NAMES) -> None:
    """Raises PipelineError if the data cannot be cut into so many folds."""
    whole = _whole(data)
    most = len(set(together(whole)))
    if not 2 <= count <= most:
        what = "examples" if most == len(whole) else "examples that may be apart"
        advice = "Try 5." if most >= 5 else "Add examples."
        raise PipelineError(
            f"folds must be from 2 to {most}, the number of {what}; got {count}. {advice}"
        )


def _whole(data: Data) -> Examples:
    return examples.joined([data.splits[name] for name in LEARNED if name in data.splits])


def _classes(part: Examples) -> list:
    """The class id of each example, or nothing if there is no single one."""
    ids = part.columns.get("label", [])
    return list(ids) if all(np.ndim(value) == 0 for value in ids) else []
