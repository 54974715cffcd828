"""A table that a program holds, a DataFrame or named columns, -> Data as a file of rows becomes."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pipelines.errors import PipelineError
from pipelines.formats import rows
from pipelines.formats.examples import SPLIT_NAMES, SPLITS, Data, Problem
from pipelines.formats.memory import holding

ABSENT = ("nan", "<NA>", "NaT")  # how pandas writes a cell that is missing


def read(value: Any, source: str, task: str) -> Data:
    """A DataFrame, a dict of columns, a list of dicts, or a dict of these by split, -> its rows.

    Raises PipelineError if it is none of these, or if its columns are not equally long.
    """
    given, unused = holding.by_split(value)
    found: list[rows.Row] = []
    for split, part in given.items():
        found += _rows(part, split, task, len(given) > 1)
    problems = []
    if unused:
        message = f"splits not used: {', '.join(unused)}."
        problems.append(Problem("note", "unused-split", source, message))
    if not found:
        raise PipelineError("the data holds no example.")
    return rows.of_rows(source, found, problems)


def _rows(part: Any, split: str, task: str, has_splits: bool) -> Iterator[rows.Row]:
    """The rows of what was given for one split."""
    _check_form(part, task)
    columns = {}
    for name, values in holding.columns(part, {}).items():
        columns[name] = _cells(holding.sequence(values, name), name)
    stem = split if has_splits else "data"
    holding.alike({name: len(cells) for name, cells in columns.items()}, stem)
    saying = [name for name in columns if name.lower() in rows.SPLIT][:1]
    for i, values in enumerate(zip(*columns.values(), strict=True)):
        row, where = dict(zip(columns, values, strict=True)), f"{stem}[{i}]"
        said = str(row[saying[0]]) if saying else split
        own = SPLIT_NAMES.get(said.lower())
        if own is None:
            raise PipelineError(f"{where}: unknown split {said!r}. Use {', '.join(SPLITS)}.")
        yield where, own, rows.without_split(row)


def _check_form(part: Any, task: str) -> None:
    """Raises PipelineError for what has no named columns."""
    is_list = isinstance(part, list) and bool(part) and isinstance(part[0], Mapping)
    if not (is_list or holding.is_frame(part) or isinstance(part, Mapping)):
        raise PipelineError(
            f"{task} learns from named columns. Give a pandas DataFrame, a dict of columns, or a"
            " list of dicts."
        )


def _cells(values: Any, name: str) -> list:
    """A column's cells, each a plain value; "" for what is missing."""
    if any(np.ndim(value) for value in values[:100]):
        raise PipelineError(f"{name} must hold a single value in each row. Leave the column out.")
    plain = values.tolist() if isinstance(values, np.ndarray) else values
    return ["" if value is None or str(value) in ABSENT else value for value in plain]
