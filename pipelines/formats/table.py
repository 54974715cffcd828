"""A table of pictures: one .csv or .tsv file with the columns path, label and, if you like, split.

Other columns are kept, for a method that is told to learn them; then there need be no label.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pipelines.errors import PipelineError
from pipelines.formats import _delimited as delimited
from pipelines.formats import _left_out
from pipelines.formats._lines import text_of
from pipelines.formats._paths import Paths
from pipelines.formats.examples import (
    COLUMN,
    SPLITS,
    Data,
    Examples,
    Problem,
    Unusable,
    cut_splits,
    errors,
    ids_of,
    of_files,
    reason,
)

COLUMNS = {  # what people call the columns, lower case
    "path": ("path", "file", "filename", "file_name", "image", "image_path"),
    "label": ("label", "class", "category", "target"),
    "split": ("split",),
}
TEXT = ("text", "sentence")
SIDES = frozenset(("xmin", "ymin", "xmax", "ymax"))  # of boxes, in another format


NOTHING: Mapping[str, str] = MappingProxyType({})


class Row(NamedTuple):
    """What a table says of one picture. where: file:line; others: {column: cell} of no meaning."""

    split: str
    label: str
    where: str
    others: Mapping[str, str] = NOTHING


def detect(path: Path) -> bool:
    """Whether `path` is a .csv or .tsv file whose header names a path, or a folder with exactly
    one, or with one in each folder of a split, which name a label as well.
    """
    if path.is_file():
        names = delimited.names(path) if delimited.is_table(path) else set()
        return not names.isdisjoint(COLUMNS["path"]) and _is_of_pictures(path)
    tables = [file for _, file in delimited.of_pictures(path)]
    return bool(tables) and all(map(_has_columns, tables)) and all(map(_is_of_pictures, tables))


def has_boxes(table: Path) -> bool:
    """Whether the header names the four sides of a box: then `box_table` reads it."""
    return delimited.names(table) >= SIDES


def has_text(table: Path) -> bool:
    """Whether the header names a text and a label, and no path: then `text_table` reads it."""
    cells = delimited.names(table)
    has_both = not cells.isdisjoint(TEXT) and not cells.isdisjoint(COLUMNS["label"])
    return has_both and cells.isdisjoint(COLUMNS["path"])


def read(path: str | Path) -> Data:
    """The pictures that a table lists, with their `label`.

    Paths in the table are relative to its folder. If no column is called as a label is, there is
    no `label`, and another one has to be named as what is learned. A row that cannot be used
    becomes a Problem with its line. Raises PipelineError, with file and line, if the table as a
    whole cannot be read.
    """
    tables = delimited.opened_by_split(path, wanted(path, COLUMNS))
    table = tables[0]
    paths = Paths(table.path if table.path.is_dir() else table.file.parent)
    problems = delimited.passed_over(table.path)
    rows: dict[str, Row] = {}
    for opened in delimited.alike(tables, problems):
        _gather(opened, paths, rows, problems)
    if not rows:
        cause = reason(errors(problems), " Add rows below the header.")
        raise PipelineError(f"{table.file} lists no usable picture.{cause}")
    if not errors(problems):  # a row that cannot be read may be that of a picture without one
        problems += _left_out.beside(paths.root, rows, problems, "no row")
    labels = sorted({row.label for row in rows.values()})
    splits = _splits(paths.root, rows, ids_of(labels))
    named = {"label": labels} if "label" in table.columns else {}
    return Data(str(table.path), "table", cut_splits(splits, classes="label"), named, problems)


def _gather(
    table: delimited.Table, paths: Paths, rows: dict[str, Row], problems: list[Problem]
) -> None:
    """The rows of a table into `rows`, by the names of their pictures."""
    problems += table.unused()
    for where, values in table.rows():
        try:
            cells = table.cells(values)
            name = _name(paths, cells | {"path": table.located(cells["path"])})
        except Unusable as bad:
            problems.append(Problem("error", bad.kind, where, str(bad), where))
            continue
        row = Row(cells["split"], cells.get("label", ""), where, table.others(values))
        if rows.setdefault(name, row) is not row:
            problems.append(_repeated(name, rows[name], row))


def wanted(path: str | Path, columns: Mapping[str, Collection[str]]) -> dict[str, Collection[str]]:
    """`columns` that a table must have: without the label if it has others in its place.

    columns: {what it is: what people call it}.
    """
    header = delimited.names(_first_table(Path(path)))
    known = set().union(*columns.values())
    has_label = not header.isdisjoint(columns["label"])
    found = dict(columns)
    if not has_label and header - known:
        del found["label"]
    return found


def _first_table(path: Path) -> Path:
    """The table at a path, or the first of those of its splits."""
    if path.is_file():
        return path
    found = delimited.of_pictures(path)
    return found[0][1] if found else delimited.only_table(path)


def _is_of_pictures(table: Path) -> bool:
    return not has_boxes(table) and not has_text(table)


def _has_columns(table: Path) -> bool:
    try:
        delimited.header(table, text_of(table), COLUMNS)
    except PipelineError:
        return False
    return True


def _name(paths: Paths, cells: Mapping[str, str]) -> str:
    """The picture of a row, relative to the root. Raises Unusable."""
    path = cells["path"]
    if not path:
        message = "the cell of the picture's path is empty. Fill it or delete the row."
        raise Unusable("missing-file", message)
    name = paths.name(path)
    if "label" in cells and not cells["label"]:
        message = f"{path!r} has no label. Fill the cell or delete the row."
        raise Unusable("empty-label", message)
    return name


def _repeated(name: str, first: Row, second: Row) -> Problem:
    """The Problem of a picture that is listed twice."""
    here, at = second.where, first.where
    if first.label != second.label:
        message = (
            f"{name!r} has the label {second.label!r} here and {first.label!r} at {at}. Keep one of"
            " them."
        )
        return Problem("error", "conflict", here, message, name)
    if first.split != second.split:
        message = (
            f"{name!r} is in {second.split} here and in {first.split} at {at}. Keep one of them."
        )
        return Problem("error", "leak", here, message, name)
    message = f"{name!r} is listed already at {at}; this row is left out."
    return Problem("warning", "duplicate", here, message)


def _splits(root: Path, rows: Mapping[str, Row], ids: Mapping[str, int]) -> dict[str, Examples]:
    named: dict[str, list[str]] = {split: [] for split in SPLITS}
    for name in sorted(rows):
        named[rows[name].split].append(name)
    return {split: _examples(root, names, rows, ids) for split, names in named.items() if names}


def _examples(
    root: Path, names: list[str], rows: Mapping[str, Row], ids: Mapping[str, int]
) -> Examples:
    own = list(map(rows.__getitem__, names))
    columns: dict[str, list] = {}
    if ids.keys() != {""}:
        columns["label"] = [ids[row.label] for row in own]
    for name in own[0].others:
        columns[COLUMN + name] = [row.others[name] for row in own]
    return of_files(root, names, [row.where for row in own], **columns)
