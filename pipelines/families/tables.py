"""Rows of a table: which column is learned, and what the others become."""

import dataclasses
import itertools
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etils import epy

from pipelines.config import Settings, setting
from pipelines.errors import PipelineError, nearest
from pipelines.formats.examples import COLUMN, Data, Examples

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines.edge import tables as edge

TARGETS = ("target", "label", "class", "y")  # what is learned by default, in lower case
MOSTLY = 0.9  # of a column that are numbers: then it is one of numbers
NUMBER, CATEGORY, LEFT_OUT = "number", "category", ""
DATE = re.compile(r"(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}([./])\d{1,2}\2\d{2,4})([T ].*)?")


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """Settings of every method on tables: what is learned, and from what."""

    target: tuple[str, ...] = setting(
        (), "columns that are learned; empty takes target, label, class or y, or else the last"
    )
    ignore: tuple[str, ...] = setting((), "columns that are not looked at")
    group: str = setting(
        "",
        "column whose rows stay together: none of its values is in two splits; it is not learned",
    )
    time: str = setting(
        "", "column by which the latest tenth of the rows is the test; it is not learned"
    )
    max_categories: int = setting(
        50,
        "values of a column of categories that are known by themselves, the most frequent ones",
        "values",
        low=1,
    )


def target(data: Data, config: Config) -> list[str]:
    """The columns that are learned. Raises PipelineError if there is none of that name."""
    names, wanted = columns(data), _wanted(config)
    missing = [name for name in wanted if name not in names]
    if missing:
        raise PipelineError(
            f"{data.source} has no column {missing[0]!r} to be learned."
            f" {nearest(missing[0], names)}"
        )
    if len(names) <= len(wanted) or len(names) < 2:
        raise PipelineError(
            f"{data.source} has {len(names)} columns; a table needs one to be learned and one to"
            " learn from."
        )
    _check_ignored(names, data.source, config)
    return _target(names, config)


def _check_ignored(names: Sequence[str], source: str, config: Config) -> None:
    """Raises PipelineError if training is told to ignore a column that there is not."""
    unknown = [name for name in config.ignore if name not in names]
    if unknown and not config.learned:  # other data than that of training may lack it
        raise PipelineError(
            f"{source} has no column {unknown[0]!r} to ignore. {nearest(unknown[0], names)}"
        )


def _wanted(config: Config) -> list[str]:
    """The columns that a run has learned, or else those that the user names; [] if neither."""
    return list(config.learned.get("target", config.target))


def target_of(examples: Examples, config: Config) -> list[str]:
    """The columns that are learned, of data that has been looked at by `target`."""
    return _target(_names(examples), config)


def _target(names: Sequence[str], config: Config) -> list[str]:
    wanted = _wanted(config)
    if wanted:
        return wanted
    lower = {name.lower(): name for name in names}
    return [next((lower[name] for name in TARGETS if name in lower), names[-1])]


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


def learned(examples: Examples, own: Sequence[str], config: Config) -> list[str]:
    """The columns that are learned from, as `edge.tables.Columns` takes them, of the training
    split.

    own: the columns that are learned themselves.
    """
    found = []
    for name, cells in inputs(examples, own, config).items():
        what = kind(cells)
        if what == NUMBER:
            found.append(json.dumps({"name": name, "kind": NUMBER, **_number(cells)}))
        elif what == CATEGORY:
            values = _frequent(cells, config.max_categories)
            found.append(json.dumps({"name": name, "kind": CATEGORY, "values": values}))
    if not found:
        raise PipelineError(
            f"no column is left to learn {' and '.join(map(repr, own))} from: text, dates, ids and"
            " what is the same in each row are not used. Add columns of numbers or categories."
        )
    return found


def inputs(examples: Examples, own: Sequence[str], config: Config) -> dict[str, list]:
    """{name: cells} of the columns that may be learned from."""
    found, apart = {}, {*config.ignore, config.group, config.time}
    for name, cells in examples.columns.items():
        bare = name.removeprefix(COLUMN)
        if name.startswith(COLUMN) and bare not in {*own, *apart}:
            found[bare] = cells
    return found


def kind(cells: Sequence[Any]) -> str:
    """NUMBER, CATEGORY, or LEFT_OUT for what is constant, a date, free text or an id."""
    there = [cell for cell in cells if not edge.is_absent(cell)]
    different = set(map(edge.text, there))
    if len(different) < 2:
        return LEFT_OUT
    if _mostly(_is_number, there):  # the others are errors, see `table_checks`
        return LEFT_OUT if is_id(cells) else NUMBER
    is_rare = len(there) > 20 and len(different) > len(there) / 2
    return LEFT_OUT if is_rare or _mostly(_is_date, there) else CATEGORY


def _mostly(holds: Callable[[Any], Any], cells: Sequence[Any]) -> bool:
    """Whether something holds for nearly all cells."""
    return sum(map(bool, map(holds, cells))) >= MOSTLY * len(cells)


def _is_date(cell: Any) -> bool:
    return DATE.fullmatch(str(cell).strip()) is not None


def _is_number(cell: Any) -> bool:
    return not edge.is_boolean(cell) and not math.isnan(edge.number(cell))


def is_id(cells: Sequence) -> bool:
    """Whether a column counts: whole numbers without a gap or a repetition."""
    values = [edge.number(cell) for cell in cells]
    if len(values) < 20 or any(math.isnan(v) or v != int(v) for v in values):
        return False
    return len(set(values)) == len(values) and max(values) - min(values) < 2 * len(values)


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
    """Examples with `features`, float32 (F,), and the column `kept` alone.

    Raises PipelineError if a column is missing, or a cell of one of numbers is no number.
    """
    encoder = edge.Columns(columns)
    own = {name: examples.columns[COLUMN + name] for name in _names(examples)}
    rows = []
    for i, where in enumerate(examples.where):
        try:
            rows.append(encoder.features({name: cells[i] for name, cells in own.items()}))
        except ValueError as error:
            raise PipelineError(
                f"{where} {error}. The run has learned from such a column."
            ) from error
    made = {"features": rows, kept: examples.columns[kept]}
    return dataclasses.replace(examples, columns=made)


def width(config: Config) -> int:
    """How many numbers a row becomes: F."""
    return len(edge.Columns(config.learned["columns"]))


def parse(example: Mapping, config: Config) -> dict:
    """The model's input: {"features": float32 (F,)}."""
    features = tf.cast(example["features"], tf.float32)
    return {"features": tf.ensure_shape(features, (width(config),))}


def drawn(inputs: Mapping, columns: Sequence[str], answer: str) -> str:
    """The numbers of one row that are farthest from the mean, and what was found."""
    names, values = edge.Columns(columns).names(), inputs["features"]
    order = np.argsort(-np.abs(values), kind="stable")[:5]
    listed = ", ".join(f"{names[i]} {values[i]:+.1f}" for i in order)
    return f"{answer}\nfarthest from the mean, in deviations: {listed}"
