"""Rows of a table -> numbers as a model takes them. NumPy and the standard library alone."""

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from . import plain_text

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "?", "-"))  # lower case
NUMBER, CATEGORY = "number", "category"
SHOWN = 5  # rows in a line
LONGEST = 2**31 - 1  # characters of a cell; the csv module has 131,072 by default


class Columns:
    """The columns that a model reads, as they were learned.

    learned: a JSON object for each: {"name", "kind"}; of a number also "mean", "deviation",
        "missing", what stands for a missing one, and "marks", whether it is marked as missing; of
        a category "values". A number becomes its distance from the mean in deviations, and 1 or 0
        for a mark; a category as many numbers as it has values and one more for all others, of
        which one is 1.
    """

    def __init__(self, learned: Iterable[str]):
        self.columns = [json.loads(text) for text in learned]

    def __len__(self) -> int:
        """How many numbers a row becomes."""
        return sum(map(_width, self.columns))

    def names(self) -> list[str]:
        """The column that each of these numbers comes from."""
        found = []
        for column in self.columns:
            found += [column["name"]] * _width(column)
        return found

    def features(self, row: Mapping[str, Any]) -> np.ndarray:
        """{column: cell} -> float32 (F,). Raises ValueError if a column is missing or no number."""
        found: list[float] = []
        for column in self.columns:
            if column["name"] not in row:
                raise ValueError(f"has no column {column['name']!r}; it has {', '.join(row)}")
            encode = _number if column["kind"] == NUMBER else _category
            found += encode(column, row[column["name"]])
        return np.array(found, np.float32)


def _width(column: Mapping) -> int:
    if column["kind"] == NUMBER:
        return 1 + column["marks"]
    return len(column["values"]) + 1


def _number(column: Mapping, cell: Any) -> list[float]:
    value = number(cell)
    is_missing = math.isnan(value)
    if is_missing and not is_absent(cell):
        raise ValueError(f"column {column['name']!r} must be a number; got {str(cell)!r}")
    value = column["missing"] if is_missing else value
    found = (value - column["mean"]) / column["deviation"]
    return [found, float(is_missing)] if column["marks"] else [found]


def _category(column: Mapping, cell: Any) -> list[float]:
    found = [0.0] * (len(column["values"]) + 1)
    value = text(cell)
    places = column["values"]
    found[places.index(value) if value in places else len(places)] = 1.0
    return found


def number(cell: Any) -> float:
    """A finite number, or NaN."""
    try:
        value = float(cell)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return value if math.isfinite(value) else math.nan


def is_absent(cell: Any) -> bool:
    """Whether a cell says that there is nothing: it is empty, or a word such as NA."""
    if isinstance(cell, float) and math.isnan(cell):
        return True
    return cell is None or str(cell).strip().lower() in MISSING


def is_boolean(cell: Any) -> bool:
    """Whether a cell is true or false, as JSON, NumPy or a table writes it."""
    return isinstance(cell, (bool, np.bool_)) or str(cell).strip().lower() in ("true", "false")


def text(cell: Any) -> str:
    """What a category is looked up by: True or False, whole numbers without their point, absent
    ones ""."""
    if is_absent(cell):
        return ""
    if is_boolean(cell):
        return str(cell).strip().capitalize()
    value = number(cell)
    return f"{value:.15g}" if not math.isnan(value) else str(cell).strip()


def rows(source: str | os.PathLike | bytes) -> list[dict]:
    """A .csv or .tsv file, its bytes, or JSON of a row or of several -> [{column: cell}].

    Raises ValueError with a reason.
    """
    if isinstance(source, str) and source.lstrip()[:1] in ("{", "[") and not os.path.isfile(source):
        source = source.encode("utf-8", "surrogatepass")  # it is never the name of a missing file
    content = plain_text.read(source).lstrip("\ufeff")
    if content.lstrip()[:1] in ("{", "["):
        return _of_json(content)
    lines = content.split("\n", 1)
    if len(lines) < 2 or not lines[1].strip():
        raise ValueError(
            'holds no row. Give a table with a line of names, or JSON such as {"age": 3}'
        )
    delimiter = max(",;\t", key=lines[0].count)
    csv.field_size_limit(LONGEST)
    return _of_table(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True))


def _of_json(content: str) -> list[dict]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError('is no JSON. Give a row such as {"age": 3}') from error
    found = found if isinstance(found, list) else [found]
    if not found or not all(isinstance(row, dict) for row in found):
        raise ValueError('must be a row such as {"age": 3}, or a list of rows')
    return found


def _of_table(reader: Iterable[Sequence[str]]) -> list[dict]:
    try:
        header, *cells = [row for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise ValueError(f"cannot be read: {error}. Look for a stray double quote") from error
    names = list(map(str.strip, header))
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise ValueError(f"names the column {twice[0]!r} twice")
    for i, row in enumerate(cells, 1):
        if len(row) != len(names):
            raise ValueError(f"row {i} has {len(row)} cells, the line of names {len(names)}")
    return [dict(zip(names, map(str.strip, row), strict=True)) for row in cells]


def features(source: str | os.PathLike | bytes, manifest: Mapping) -> list[np.ndarray]:
    """The numbers of each row, float32 (1, F). Raises ValueError that names the row."""
    columns = Columns(manifest["learned"]["columns"])
    found = []
    for i, row in enumerate(rows(source), 1):
        try:
            found.append(columns.features(row)[None])
        except ValueError as error:
            raise ValueError(f"row {i} {error}") from error
    return found


def listed(shown: Sequence[str]) -> str:
    """The answers of rows in a line: the first ones, and how many more there are."""
    more = len(shown) - SHOWN
    return ", ".join(shown[:SHOWN]) + (f" and {more:,} more rows" if more > 0 else "")
