"""What looks wrong with the columns of a table, and what is left out of them."""

import itertools
import math
import re
from collections.abc import Iterator, Sequence

from etils import epy

from pipelines.families import table_dates, table_gaps, table_rows, tables
from pipelines.families.target_kinds import reading
from pipelines.formats.examples import COLUMN, Data, Examples, Problem

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.edge import tables as edge

# Numbers as other programs write them: 1,5 or 1,000 or 1.000,5 or 1 000.
WRITTEN = re.compile(r"[-+]?(?:\d+,\d+|\d{1,3}(?:[.,'\s]\d{3})+(?:[.,]\d+)?)")
LARGEST = 1e30  # of a number; float32 ends at 3.4e38
APART = 3.0  # times the distance of the next value: what lies beyond is no part of a tail
FAR = 8.0  # deviations from the median that are far out, by the median of distances


def checks(data: Data, own: Sequence[str], config: tables.Config) -> Iterator[Problem]:
    """What looks wrong with the columns of the training split, and what is left out."""
    train = data.splits.get("train")
    if train is None or not len(train):
        return
    labels = () if reading.is_several(train) else data.labels.get("label", ())
    for name, cells in tables.inputs(train, own, config).items():
        there = [cell for cell in cells if not edge.is_absent(cell)]
        yield from _left_out(name, cells, there)
        if tables.kind(cells) == tables.NUMBER:
            yield from _mixed(data, name)
        yield from _far(train, name, cells)
        yield from table_gaps.checks(train, name, cells, labels)
        yield from table_dates.checks(train, name, cells)
        yield from _new(data, name, cells)
        yield from _written(name, there)
    for target in own:
        yield from _copies(train, target, own, config)
    yield from table_rows.checks(data, own, config)


def _left_out(name: str, cells: Sequence, there: Sequence) -> Iterator[Problem]:
    if tables.kind(cells) != tables.LEFT_OUT:
        return
    different = {edge.text(cell) for cell in there}
    reason = "it is text, or dates"
    if len(different) < 2:
        reason = "it is the same in each row"
    elif tables.is_id(cells):
        reason = "it counts the rows, as an id does"
    yield Problem("note", "left-out", "train", f"column {name!r} is not used: {reason}.")


def _written(name: str, there: Sequence) -> Iterator[Problem]:
    """A column of numbers that no program reads as such."""
    found = [cell for cell in there if WRITTEN.fullmatch(str(cell).strip())]
    plain = [cell for cell in found if math.isnan(edge.number(cell))]
    numbers = [cell for cell in there if not math.isnan(edge.number(cell))]
    if plain and len(plain) + len(numbers) >= tables.MOSTLY * len(there) > len(numbers):
        message = (
            f"column {name!r} holds numbers such as {str(plain[0])!r}, and is not read as numbers."
            " Write 1.5 for 1,5 and 1000 for 1,000."
        )
        yield Problem("warning", "written", "train", message)


def _mixed(data: Data, name: str) -> Iterator[Problem]:
    """Cells of a column of numbers that are none, or too large for a model."""
    for examples in data.splits.values():
        for i, cell in enumerate(examples.columns[COLUMN + name]):
            number = edge.number(cell)
            if not edge.is_absent(cell) and not abs(number) < LARGEST:  # NaN is not
                message = (
                    f"column {name!r} holds numbers, and {str(cell)!r} here. Write 1.5 for 1,5 and"
                    " 1000 for 1,000, or leave the cell empty."
                )
                if not math.isnan(number):
                    message = (
                        f"column {name!r} is {number:g} here, too large for a model. Correct it."
                    )
                where, example = examples.where[i], examples.names[i]
                yield Problem("error", "mixed", where, message, example)


def _far(train: Examples, name: str, cells: Sequence) -> Iterator[Problem]:
    if tables.kind(cells) != tables.NUMBER:
        return
    values = np.array(list(map(edge.number, cells)), float)
    there = values[~np.isnan(values)]
    middle = float(np.median(there))
    gaps = np.abs(values - middle)
    own_gaps = np.abs(there - middle)
    spread = 1.4826 * float(np.median(own_gaps))
    limit = _limit(own_gaps.tolist(), FAR * spread)
    far = np.flatnonzero(gaps > limit)  # NaN is not
    if spread and len(far) and len(far) <= 0.01 * len(there):
        message = (
            f"column {name!r} is {values[far[0]]:g} here, far from the median {middle:g}, in"
            f" {len(far):,} rows. Correct it if it is an error."
        )
        yield Problem("warning", "far-out", train.where[far[0]], message)


def _limit(distances: Sequence[float], least: float) -> float:
    """The distance beyond `least` above which values lie apart from all others.

    Sums of money and sizes have long tails, in which the next value is never far.
    """
    ordered = sorted(distances)
    for nearer, further in itertools.pairwise(ordered):
        if further > least and further > APART * nearer:
            return nearer
    return math.inf


def _new(data: Data, name: str, cells: Sequence) -> Iterator[Problem]:
    """Categories that training has not seen."""
    if tables.kind(cells) != tables.CATEGORY:
        return
    known = {edge.text(cell) for cell in cells}
    for split, examples in data.splits.items():
        others = {edge.text(cell) for cell in examples.columns[COLUMN + name]} - known
        if split != "train" and others:
            message = (
                f"column {name!r} has {len(others)} values that training has not, as"
                f" {min(others)!r}."
            )
            yield Problem("warning", "new-category", split, message)


def _copies(
    train: Examples, own: str, every: Sequence[str], config: tables.Config
) -> Iterator[Problem]:
    """Columns from which alone a target follows. every: all columns that are learned."""
    answers = [edge.text(cell) for cell in train.columns[COLUMN + own]]
    for name, cells in tables.inputs(train, every, config).items():
        if tables.kind(cells) != tables.LEFT_OUT and _determines(
            [edge.text(cell) for cell in cells], answers
        ):
            message = (
                f"{own!r} follows from column {name!r} alone in every row: is it known before the"
                f" answer is? If not, add ignore={name}."
            )
            yield Problem("warning", "copy", "train", message)


def _determines(cells: Sequence[str], answers: Sequence[str]) -> bool:
    """Whether each value goes with one answer, and values come again often enough to tell."""
    found: dict[str, str] = {}
    for cell, answer in zip(cells, answers, strict=True):
        if found.setdefault(cell, answer) != answer:
            return False
    return len(found) <= len(cells) / 2
