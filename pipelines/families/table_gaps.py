"""Cells of a table that are missing, in all rows and by class."""

from collections.abc import Iterator, Sequence
from typing import Any

from etils import epy

from pipelines.formats.examples import Examples, Problem

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    from scipy import stats

    from pipelines.edge import tables as edge

FEWEST = 10  # rows of a class that is compared
APART = 0.2  # between the shares of two classes
CHANCE = 1e-3  # that so large a difference comes about by itself


def checks(
    train: Examples, name: str, cells: Sequence[Any], labels: Sequence[str]
) -> Iterator[Problem]:
    """How many cells of a column are missing, and whether a class has more of them than another.

    labels: the classes that `label` of `train` has the ids of, or none if it is learned otherwise.
    """
    is_missing = [edge.is_absent(cell) for cell in cells]
    count, rows = sum(is_missing), len(cells)
    if not count:
        return
    message = f"column {name!r} is missing in {count:,} of {rows:,} rows."
    yield Problem("note" if count < rows / 2 else "warning", "missing", "train", message)
    if labels:
        yield from _by_class(name, np.array(is_missing), np.array(train.columns["label"]), labels)


def _by_class(
    name: str, is_missing: np.ndarray, ids: np.ndarray, labels: Sequence[str]
) -> Iterator[Problem]:
    """A warning if what is missing tells the class: then a model learns who filled the table in."""
    rows = np.bincount(ids, minlength=len(labels))
    gaps = np.bincount(ids[is_missing], minlength=len(labels))
    known = np.flatnonzero(rows >= FEWEST)
    shares = gaps[known] / rows[known]
    if len(known) < 2 or np.ptp(shares) < APART:
        return
    table = np.stack([gaps[known], rows[known] - gaps[known]])
    if stats.chi2_contingency(table).pvalue < CHANCE:
        most, least = (labels[known[i]] for i in (shares.argmax(), shares.argmin()))
        message = (
            f"column {name!r} is missing in {shares.max():.0%} of the rows of {most!r} and"
            f" {shares.min():.0%} of {least!r}, so a gap tells the class. If rows to come will have"
            f" other gaps, add ignore={name}."
        )
        yield Problem("warning", "missing-by-class", "train", message)
