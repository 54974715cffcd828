"""Rows of a table: which column is learned, what the others are, and what looks wrong with them."""

import dataclasses
import itertools
import json
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etils import epy

from pipelines.config import Settings, setting
from pipelines.errors import PipelineError, nearest
from pipelines.formats.examples import Data, Examples, Problem
from pipelines.formats.rows import COLUMN

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines.edge import tables as edge

TARGETS = ("target", "label", "class", "y")  # what is learned by default, in lower case
FAR = 8.0  # deviations from the median that are far out, by the median of distances
MOSTLY = 0.9  # of a column that are numbers: then it is one of numbers
NUMBER, CATEGORY, LEFT_OUT = "number", "category", ""


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """Settings of every method on tables: what is learned, and from what."""

    target: str = setting(
        "", "column that is learned; empty takes target, label, class or y, or else the last"
    )
    ignore: tuple[str, ...] = setting((), "columns that are not looked at")
    max_categories: int = setting(
        50,
        "values of a column of categories that are known by themselves, the most frequent ones",
        "values",
        low=1,
    )


def target(data: Data, config: Config) -> str:
    """The column that is learned. Raises PipelineError if there is none of that name."""
    names = columns(data)
    if config.target and config.target not in names:
        raise PipelineError(
            f"{data.source} has no column {config.target!r} to be learned."
            f" {nearest(config.target, names)}"
        )
    if len(names) < 2:
        raise PipelineError(
            f"{data.source} has {len(names)} columns; a table needs one to be learned and one to"
            " learn from."
        )
    return _target(names, config)


def target_of(examples: Examples, config: Config) -> str:
    """The column that is learned, of data that has been looked at by `target`."""
    return _target(_names(examples), config)


def _target(names: Sequence[str], config: Config) -> str:
    if config.target:
        return config.target
    lower = {name.lower(): name for name in names}
    return next((lower[name] for name in TARGETS if name in lower), names[-1])


def columns(data: Data) -> list[str]:
    """The names of the columns of a table, in its order."""
    every = itertools.chain.from_iterable(map(_names, data.splits.values()))
    return list(dict.fromkeys(every))


def _names(examples: Examples) -> list[str]:
    return [name.removeprefix(COLUMN) for name in examples.columns if name.startswith(COLUMN)]


def as_table(data: Data) -> Data:
    """Data of any format whose columns are single values, as columns of a table.

    Names of classes stand for their ids. Raises PipelineError for pictures, masks and lists.
    """
    if columns(data):
        return data
    splits = {}
    for split, examples in data.splits.items():
        cells = {}
        for name, values in examples.columns.items():
            if name in examples.pictures or name in examples.masks or not _are_single(values):
                raise PipelineError(
                    f"{data.source} is no table: {name} is not a single value in each example."
                    " Choose another task, or other data."
                )
            names = dict(enumerate(data.labels.get(name, ())))
            if name != "id":
                cells[COLUMN + name] = [names.get(value, value) for value in values]
        splits[split] = dataclasses.replace(examples, columns=cells)
    return dataclasses.replace(data, splits=splits, labels={})


def _are_single(values: Sequence) -> bool:
    return all(np.ndim(value) == 0 for value in values[:100])


def learned(examples: Examples, own: str, config: Config) -> list[str]:
    """The columns that are learned from, as `edge.tables.Columns` takes them, of the training split.

    own: the column that is learned itself.
    """
    found = []
    for name, cells in _inputs(examples, own, config).items():
        what = kind(cells)
        if what == NUMBER:
            found.append(json.dumps({"name": name, "kind": NUMBER, **_number(cells)}))
        elif what == CATEGORY:
            values = _frequent(cells, config.max_categories)
            found.append(json.dumps({"name": name, "kind": CATEGORY, "values": values}))
    if not found:
        raise PipelineError(
            f"no column is left to learn {own!r} from. Add columns of numbers or categories."
        )
    return found


def _inputs(examples: Examples, own: str, config: Config) -> dict[str, list]:
    """{name: cells} of the columns that may be learned from."""
    found = {}
    for name, cells in examples.columns.items():
        bare = name.removeprefix(COLUMN)
        if name.startswith(COLUMN) and bare != own and bare not in config.ignore:
            found[bare] = cells
    return found


def kind(cells: Sequence[Any]) -> str:
    """NUMBER, CATEGORY, or LEFT_OUT for what is constant, a date, free text or an id."""
    there = [cell for cell in cells if not edge.is_absent(cell)]
    different = {edge.text(cell) for cell in there}
    if len(different) < 2:
        return LEFT_OUT
    numbers = [c for c in there if not isinstance(c, bool) and not math.isnan(edge.number(c))]
    if len(numbers) >= MOSTLY * len(there):  # the others are errors, see `_mixed`
        return NUMBER
    is_rare = len(there) > 20 and len(different) > len(there) / 2
    return LEFT_OUT if is_rare else CATEGORY


def _number(cells: Sequence[Any]) -> dict[str, Any]:
    """What a column of numbers is scaled by, and what stands for those that are missing."""
    values = np.array([edge.number(cell) for cell in cells])
    there = values[~np.isnan(values)]
    middle = float(np.median(there))
    filled = np.where(np.isnan(values), middle, values)
    return {
        "mean": float(filled.mean()),
        "deviation": float(filled.std()) or 1.0,
        "missing": middle,
        "marks": int(len(there) < len(values)),
    }


def _frequent(cells: Sequence[Any], most: int) -> list[str]:
    counts: dict[str, int] = {}
    for cell in cells:
        value = edge.text(cell)
        counts[value] = counts.get(value, 0) + 1
    ranked = sorted(counts, key=lambda value: (-counts[value], value))
    return sorted(ranked[:most])


def expand(examples: Examples, columns: Sequence[str], kept: str) -> Examples:
    """Examples with `features`, float32 (F,), and the column `kept` alone."""
    encoder = edge.Columns(columns)
    names = {
        column["name"]: examples.columns[COLUMN + column["name"]] for column in encoder.columns
    }
    rows = []
    for i in range(len(examples)):
        rows.append(encoder.features({name: cells[i] for name, cells in names.items()}))
    made = {"features": rows, kept: examples.columns[kept]}
    return dataclasses.replace(examples, columns=made)


def parse(example: Mapping, count: int) -> dict:
    """The model's input: {"features": float32 (F,)}."""
    return {"features": tf.ensure_shape(tf.cast(example["features"], tf.float32), (count,))}


def drawn(inputs: Mapping, columns: Sequence[str], answer: str) -> str:
    """The numbers of one row that are farthest from the mean, and what was found."""
    names, values = edge.Columns(columns).names(), inputs["features"]
    order = np.argsort(-np.abs(values), kind="stable")[:5]
    listed = ", ".join(f"{names[i]} {values[i]:+.1f}" for i in order)
    return f"{answer}\nfarthest from the mean, in deviations: {listed}"


def checks(data: Data, own: str, config: Config) -> Iterator[Problem]:
    """What looks wrong with the columns of the training split, and what is left out."""
    train = data.splits.get("train")
    if train is None or not len(train):
        return
    for name, cells in _inputs(train, own, config).items():
        there = [cell for cell in cells if not edge.is_absent(cell)]
        yield from _left_out(name, cells, there)
        if kind(cells) == NUMBER:
            yield from _mixed(data, name)
        yield from _far(train, name, cells)
        yield from _missing(name, len(cells) - len(there), len(cells))
        yield from _new(data, name, cells)
    yield from _copies(train, own, config)


def _left_out(name: str, cells: Sequence, there: Sequence) -> Iterator[Problem]:
    if kind(cells) != LEFT_OUT:
        if _is_id(cells):
            message = f"column {name!r} differs in each row, as an id does. Add ignore={name}."
            yield Problem("warning", "id", "train", message)
        return
    different = {edge.text(cell) for cell in there}
    reason = "it is the same in each row" if len(different) < 2 else "it is text, dates or an id"
    yield Problem("note", "left-out", "train", f"column {name!r} is not used: {reason}.")


def _is_id(cells: Sequence) -> bool:
    """Whether a column counts: whole numbers without a gap or a repetition."""
    values = [edge.number(cell) for cell in cells]
    if len(values) < 20 or any(math.isnan(v) or v != int(v) for v in values):
        return False
    return len(set(values)) == len(values) and max(values) - min(values) < 2 * len(values)


def _mixed(data: Data, name: str) -> Iterator[Problem]:
    """Cells of a column of numbers that are none."""
    for examples in data.splits.values():
        for i, cell in enumerate(examples.columns[COLUMN + name]):
            if not edge.is_absent(cell) and math.isnan(edge.number(cell)):
                message = (
                    f"column {name!r} holds numbers, and {str(cell)!r} here. Write 1.5 for 1,5 and"
                    " 1000 for 1,000, or leave the cell empty."
                )
                where, example = examples.where[i], examples.names[i]
                yield Problem("error", "mixed", where, message, example)


def _far(train: Examples, name: str, cells: Sequence) -> Iterator[Problem]:
    if kind(cells) != NUMBER:
        return
    values = [edge.number(cell) for cell in cells]
    there = [value for value in values if not math.isnan(value)]
    middle = statistics.median(there)
    spread = 1.4826 * statistics.median(abs(value - middle) for value in there)
    far = [i for i, v in enumerate(values) if not math.isnan(v) and abs(v - middle) > FAR * spread]
    if spread and far and len(far) <= 0.01 * len(there):
        message = (
            f"column {name!r} is {values[far[0]]:g} here, far from the median {middle:g}, in"
            f" {len(far):,} rows. Correct it if it is an error."
        )
        yield Problem("warning", "far-out", train.where[far[0]], message)


def _missing(name: str, count: int, rows: int) -> Iterator[Problem]:
    if count:
        message = f"column {name!r} is missing in {count:,} of {rows:,} rows."
        yield Problem("note" if count < rows / 2 else "warning", "missing", "train", message)


def _new(data: Data, name: str, cells: Sequence) -> Iterator[Problem]:
    """Categories that training has not seen."""
    if kind(cells) != CATEGORY:
        return
    known = {edge.text(cell) for cell in cells}
    for split, examples in data.splits.items():
        others = {edge.text(cell) for cell in examples.columns[COLUMN + name]} - known
        if split != "train" and others:
            message = f"column {name!r} has {len(others)} values that training has not, as {min(others)!r}."
            yield Problem("warning", "new-category", split, message)


def _copies(train: Examples, own: str, config: Config) -> Iterator[Problem]:
    """Columns from which alone the target follows."""
    answers = [edge.text(cell) for cell in train.columns[COLUMN + own]]
    for name, cells in _inputs(train, own, config).items():
        if kind(cells) != LEFT_OUT and _determines([edge.text(cell) for cell in cells], answers):
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
