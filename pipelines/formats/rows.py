"""A table of rows to learn from: one .csv, .tsv or .parquet file, or one a split, with any columns
and maybe split."""

import collections
import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.errors import PipelineError
from pipelines.formats import _cache, _left_out, box_table, table, text_pairs, text_table
from pipelines.formats import _delimited as delimited
from pipelines.formats._folders import shown
from pipelines.formats._text_files import counted, digest
from pipelines.formats.examples import (
    COLUMN,
    SPLIT_NAMES,
    SPLITS,
    Data,
    Examples,
    Problem,
    Unusable,
    cut_splits,
    errors,
    reason,
)

SPLIT = table.COLUMNS["split"]
OTHERS = (box_table, table, text_pairs, text_table)  # tables whose columns mean more
PARQUET = ".parquet"
MANY = 10_000  # pictures that are counted

Row = tuple[str, str, dict[str, Any]]  # where, split, {column: cell}


def detect(path: Path) -> bool:
    """Whether `path` is a table with two columns or more that no other format reads, or a folder
    with exactly one, or with one for each split.
    """
    files = [path] if path.is_file() else [*delimited.tables(path), *_parquets(path)]
    if not delimited.parts(files) or not all(map(_fits, files)):
        return False
    own = [path] if len(files) == 1 else [path, *files]
    return not any(map(_means_more, own))


def _means_more(path: Path) -> bool:
    """Whether another format reads a table, or tables."""
    return any(other.detect(path) for other in OTHERS)


def _fits(file: Path) -> bool:
    is_parquet = file.suffix.lower() == PARQUET and file.is_file()
    return is_parquet or (delimited.is_table(file) and len(delimited.names(file)) > 1)


def _parquets(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{PARQUET}"))


def read(path: str | Path) -> Data:
    """Each row as an example with a column of its cells for each column of the table.

    Cells of .csv and .tsv are text, those of .parquet what they are there; empty ones are "". A row
    is called by what it says, so that a new one renames no other, and equal rows are in one split.
    One with too few or too many cells becomes a Problem; a column without a name is not read.
    Raises PipelineError if the table cannot be read, if two columns have one name, or if there is
    no usable row.
    """
    path = _cache.placed(path)
    problems = delimited.passed_over(path)
    rows: list[Row] = []
    for split, file in delimited.parts_of(path, () if path.is_file() else _parquets(path)):
        is_parquet = file.suffix.lower() == PARQUET
        read_file = _parquet(file, split) if is_parquet else delimited_rows(file, problems, split)
        own = list(read_file)
        if not own:
            cause = reason(errors(problems), " Add some below the line of names.")
            raise PipelineError(f"{file} has no usable row.{cause}")
        _check_alike(file, own[0], (rows or own)[0])
        rows += own
    problems += _unread_pictures(path)
    return of_rows(str(path), rows, problems)


def _unread_pictures(path: Path) -> list[Problem]:
    """A warning of pictures beside a table, or below, which none of its columns names."""
    found = list(itertools.islice(_left_out.below(path), MANY)) if path.is_dir() else []
    if not found:
        return []
    count = f"{len(found):,} or more" if len(found) == MANY else f"{len(found):,}"
    message = (
        f"{count} pictures lie here and are not read, as no column is called path. If the table is"
        " of them, call the column of their files so, and write names with their suffixes."
    )
    return [Problem("warning", "unlisted", shown(path, found[0]), message)]


def of_rows(source: str, rows: list[Row], problems: list[Problem]) -> Data:
    """Rows of equal columns, one at least -> Data; splits that are missing are cut."""
    names = list(map(counted(), (digest(*map(str, cells.values())) for _, _, cells in rows)))
    splits = {}
    for split in SPLITS:
        own = [(name, *row) for name, row in zip(names, rows, strict=True) if row[1] == split]
        if own:
            splits[split] = _examples(own)
    # A name that comes again has a count behind it: equal rows stay together.
    cut = cut_splits(splits, lambda name: name.partition("-")[0])
    return Data(source, "rows", cut, {}, problems)


def _check_alike(file: Path, own: Row, first: Row) -> None:
    """Raises PipelineError if the columns of a table are not those of the first one."""
    differing = own[2].keys() ^ first[2].keys()
    if differing:
        name, other = min(differing), first[0].rpartition(":")[0]
        has, lacks = (file.name, other) if name in own[2] else (other, file.name)
        raise PipelineError(
            f"{file}: the column {name!r} is in {has} and not in {lacks}. Give all tables the same"
            " columns, or pass one of them."
        )


def delimited_rows(file: Path, problems: list[Problem], split: str = "train") -> Iterator[Row]:
    """Yields the rows of a .csv or .tsv file. split: of those that say none."""
    opened = dataclasses.replace(delimited.opened(file, {"split": SPLIT}), split=split)
    named = [name for name in opened.header if name]
    _check_header(file, named)
    problems += _like_a_row(file, named)
    if len(named) < len(opened.header):
        message = (
            "a column without a name is not used, as pandas writes an index. Name it to use it."
        )
        problems.append(Problem("note", "unnamed", f"{file.name}:1", message))
    for where, values in opened.rows():
        try:
            own = opened.cells(values)["split"]
        except Unusable as bad:
            problems.append(bad.problem(where))
            continue
        cells = dict(zip(opened.header, map(str.strip, values), strict=True))
        cells.pop("", None)
        yield where, own, without_split(cells)


def _check_header(file: Path, header: list[str]) -> None:
    """Raises PipelineError if the first line names no columns, or one name twice."""
    twice = sorted(name for name, count in collections.Counter(header).items() if count > 1)
    if twice:
        raise PipelineError(
            f"{file}:1 names {len(twice)} columns twice: {', '.join(twice)}. Give each a name of"
            " its own."
        )
    if all(map(is_number, header)):
        raise PipelineError(
            f"{file}:1 holds numbers. The first line must name the columns: add one above it."
        )


def _like_a_row(file: Path, header: list[str]) -> Iterator[Problem]:
    """A warning of names that are numbers: the first row may stand in their place."""
    numbers = [name for name in header if is_number(name)]
    if numbers:
        message = (
            f"{len(numbers)} of {len(header)} names of columns are numbers, such as {numbers[0]!r}."
            " If this line is a row, add a line of names above it."
        )
        yield Problem("warning", "header", f"{file.name}:1", message)


def is_number(cell: Any) -> bool:
    """Whether a cell can be read as a number, infinite ones and NaN among them."""
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


def _parquet(file: Path, split: str) -> Iterator[Row]:
    import pyarrow
    from pyarrow import parquet

    try:
        names = parquet.read_schema(file).names
        _check_header(file, names)
        found = parquet.read_table(file).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        why = " ".join(str(error).split()).rstrip(".")
        raise PipelineError(f"{file} cannot be read: {why}. Write the file again.") from error
    if (splits := [name for name in names if name.lower() in SPLIT])[1:]:
        raise PipelineError(
            f"{file} has {len(splits)} columns that could be the split: {', '.join(splits)}. Keep"
            " one of them."
        )
    for i, cells in enumerate(found, 1):
        own = next((str(v) for name, v in cells.items() if name.lower() in SPLIT), split)
        if own.lower() not in SPLIT_NAMES:
            raise PipelineError(f"{file}, row {i}: unknown split {own!r}. Use {', '.join(SPLITS)}.")
        cells = {name: "" if value is None else value for name, value in cells.items()}
        yield f"{file.name}:{i}", SPLIT_NAMES[own.lower()], without_split(cells)


def without_split(cells: dict[str, Any]) -> dict[str, Any]:
    """The same without the column that says the split."""
    return {name: cell for name, cell in cells.items() if name.lower() not in SPLIT}


def _examples(own: list[tuple]) -> Examples:
    names = [name for name, *_ in own]
    where = [row[1] for row in own]
    columns: dict[str, list] = {COLUMN + name: [] for name in own[0][3]}
    for _, _, _, cells in own:
        for name, cell in cells.items():
            columns[COLUMN + name].append(cell)
    return Examples(names, columns, where)
