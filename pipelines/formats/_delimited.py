"""What the readers of .csv and .tsv files share: text, header, rows, and the column of splits."""

import csv
import functools
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _cache
from pipelines.formats._folders import folders, split_folders
from pipelines.formats._lines import BREAK, first_line, text_of
from pipelines.formats._text_files import split_in_name
from pipelines.formats.examples import APART, SPLIT_NAMES, SPLITS, Problem, Unusable, own_file

SUFFIXES = (".csv", ".tsv")
DELIMITERS = ",;\t"
SEPARATOR = re.compile(r"\"?sep=(.)\"?\s*", re.IGNORECASE)  # Excel's first line
LONGEST = 2**31 - 1  # characters of a cell; the csv module has 131,072 by default


@dataclass(frozen=True)
class Table:
    """A table that has been read, and which of its columns is what."""

    path: Path  # what the user passed
    file: Path
    text: str
    delimiter: str
    header: list[str]
    columns: dict[str, int]  # {"path": 0, "label": 2}
    split: str = "train"  # of rows that say none
    place: str = "."  # its folder, below `path`
    above: int = 0  # lines of the file over the header
    apart: frozenset[str] = frozenset()  # columns that tables of other splits lack

    def unused(self) -> list[Problem]:
        """A note on the columns that nobody asked for."""
        used = self.columns.values()
        others = [cell for i, cell in enumerate(self.header) if i not in used]
        note = Problem(
            "note", "unused-column", f"{self.file.name}:1", f"not used: {', '.join(others)}."
        )
        return [note] if others else []

    def others(self, values: Sequence[str]) -> dict[str, str]:
        """{name: cell} of the columns of a row that nobody asked for, but that all tables have."""
        return {
            name: values[i].strip() for name, i in self._named.items() if name not in self.apart
        }

    @functools.cached_property
    def _named(self) -> dict[str, int]:
        """{name: place} of the columns that nobody asked for, but that have a name."""
        used = self.columns.values()
        return {name: i for i, name in enumerate(self.header) if i not in used and name}

    def rows(self) -> Iterator[tuple[str, list[str]]]:
        """Yields (file:line, cells) of each row below the header that is not blank.

        The file with its place if that is another folder.

        Raises PipelineError on broken quoting.
        """
        csv.field_size_limit(LONGEST)
        stream = io.StringIO(self.text, newline="")
        reader = csv.reader(stream, delimiter=self.delimiter, strict=True)
        line = 1
        name = self.located(self.file.name)
        try:
            for values in reader:
                if line > 1 and any(map(str.strip, values)):
                    yield f"{name}:{line + self.above}", values
                # A quoted cell may span lines: the row starts after the last one's end.
                line = reader.line_num + 1
        except csv.Error as error:
            raise PipelineError(
                f"{self.file}:{line} cannot be read: {error}. Look for a stray double quote."
            ) from error

    def located(self, said: str) -> str:
        """A path that is written relative to the table, relative to what the user passed."""
        return said if self.place == "." or not said else f"{self.place}/{said}"

    def cells(self, values: Sequence[str]) -> dict[str, str]:
        """The cells of a row by column, and its split, which is the table's by default.

        Raises Unusable.
        """
        width = len(self.header)
        if len(values) != width:
            advice = "Put cells that hold the delimiter into double quotes."
            raise Unusable("row", f"this row has {len(values)} cells, the header {width}. {advice}")
        self.check_quotes(values)
        cells = {column: values[i].strip() for column, i in self.columns.items()}
        word = cells.get("split", self.split)
        if word.lower() not in SPLIT_NAMES:
            raise Unusable("unknown-split", f"unknown split {word!r}. Use {', '.join(SPLITS)}.")
        return cells | {"split": SPLIT_NAMES[word.lower()]}

    def check_quotes(self, values: Sequence[str], short: Collection[int] = ()) -> None:
        """Raises Unusable if a cell holds other rows.

        A quote that is meant as a character ends at the next one, maybe rows later. short: the
        cells that never span lines.
        """
        spans = any(BREAK.search(value.strip()) for i, value in enumerate(values) if i in short)
        if spans or any(map(self._holds_rows, values)):
            message = (
                "a double quote in this row swallows the rows up to the next one. Delete it, or"
                ' write the cell as "...", with each quote in it doubled.'
            )
            raise Unusable("quotes", message)

    def _holds_rows(self, cell: str) -> bool:
        """Whether a quoted cell spans lines that are rows themselves, by the delimiters in it.

        Texts have commas of their own, so there an end or a beginning of other rows must occur.
        """
        lines = BREAK.split(cell)
        if len(lines) == 1 or self.delimiter not in cell:
            return False
        # Of the row that it begins in to the one that it ends in, a whole row's delimiters a line.
        rows = 1 + sum(map(bool, map(str.strip, lines[1:-1])))
        if cell.count(self.delimiter) != rows * (len(self.header) - 1):
            return False
        if self.delimiter == "\t":
            return True
        begins, ends = self._edges
        after = [line.split(self.delimiter)[0] in begins for line in lines[1:]]
        before = [line.rpartition(self.delimiter)[2] in ends for line in lines[:-1]]
        return all(after) or all(before)

    @functools.cached_property
    def _edges(self) -> tuple[set[str], set[str]]:
        """The first and the last cells of the rows without a quote."""
        lines = [line for line in BREAK.split(self.text)[1:] if line and '"' not in line]
        plain = [line.split(self.delimiter) for line in lines]
        rows = [cells for cells in plain if len(cells) == len(self.header)]
        return {cells[0] for cells in rows}, {cells[-1] for cells in rows}


def opened(path: str | Path, wanted: Mapping[str, Collection[str]]) -> Table:
    """A file, or a folder with one table; see `header`."""
    path = _cache.placed(path)
    file = path if path.is_file() else only_table(path)
    content, above = _without_separator(text_of(file))
    return Table(path, file, content, *header(file, content, wanted), above=above)


def alike(tables: Sequence[Table], problems: list[Problem]) -> list[Table]:
    """Tables of one data set, whose `others` are the columns that all of them have.

    What some lack becomes a Problem of those that have it.
    """
    names = [table._named.keys() for table in tables]
    apart = frozenset(set().union(*names) - set(names[0]).intersection(*names))
    message = "not in all tables, so left out: {}. Give all tables the same columns to use them."
    for table in tables:
        if own := sorted(apart & table._named.keys()):
            where = f"{table.located(table.file.name)}:1"
            problems.append(Problem("warning", APART, where, message.format(", ".join(own))))
    return [replace(table, apart=apart) for table in tables]


def _without_separator(text: str) -> tuple[str, int]:
    """A table without Excel's line `sep=;`, and how many lines that were."""
    first, *rest = BREAK.split(text, maxsplit=1)
    return ("".join(rest), 1) if SEPARATOR.fullmatch(first) else (text, 0)


def opened_by_split(path: str | Path, wanted: Mapping[str, Collection[str]]) -> list[Table]:
    """The same as `opened`, or the tables of folders of splits, one in each; see `of_pictures`."""
    path = _cache.placed(path)
    files = [] if path.is_file() else of_pictures(path)
    if not files or files[0][1].parent == path:
        return [opened(path, wanted)]
    made = []
    for split, file in files:
        own = opened(own_file(path, file), wanted)
        place = file.parent.relative_to(path).as_posix()
        made.append(replace(own, path=path, split=split, place=place))
    return made


def of_pictures(folder: Path) -> list[tuple[str, Path]]:
    """[(split, file)] of the one table of a folder, or of one in each folder of a split.

    Pictures in class folders say their classes themselves, so that no table does.
    """
    own = tables(folder)
    if own:
        return [("train", own[0])] if len(own) == 1 else []
    found = []
    for split, inner in split_folders(folder):
        files = tables(inner)
        if len(files) != 1 or len(folders(inner)) > 1:
            return []
        found.append((split, files[0]))
    return found


def parts(files: Sequence[Path]) -> list[tuple[str, Path]]:
    """[(split, file)] of the tables of a folder; [] if they are no parts of one data set.

    One alone is train. The names of several must say splits, and that of one train.
    """
    if len(files) == 1:
        return [("train", files[0])]
    found = [(split_in_name(file), file) for file in files]
    splits = {split for split, _ in found}
    return found if "train" in splits and all(splits) else []


def parts_of(path: Path, others: Sequence[Path] = ()) -> list[tuple[str, Path]]:
    """[(split, file)] of the tables at a path, as `parts` has them. others: tables of other kinds.

    Raises PipelineError if there is none, or if several are no parts of one data set.
    """
    if path.is_file():
        return [("train", path)]
    files = [*tables(path), *others]
    found = parts(files)
    if not found:
        names = ", ".join(file.name for file in files) or "none"
        raise PipelineError(
            f"{path} must hold one table, or one for each split, called train, validation and test;"
            f" found {names}. Pass the file itself."
        )
    return [(split, own_file(path, file)) for split, file in found]


def is_table(path: Path) -> bool:
    """Whether a file is called as a table is."""
    return path.suffix.lower() in SUFFIXES


def names(table: Path) -> set[str]:
    """What the header may name, in lower case, whatever the delimiter.

    Nothing if it cannot be read.
    """
    try:
        first = first_line(table)
        if SEPARATOR.fullmatch(first):
            first, *_ = BREAK.split(_without_separator(text_of(table))[0], maxsplit=1)
    except PipelineError:
        return set()
    return {cell.strip().strip('"').lower() for cell in re.split("[,;\t]", first)}


def header(
    table: Path, text: str, wanted: Mapping[str, Collection[str]]
) -> tuple[str, list[str], dict[str, int]]:
    """The delimiter, the header's cells, and which of them is what: (",", [...], {"path": 0,
    "label": 2}).

    wanted: {column: what people call it}; `split` may be missing. Raises PipelineError if a
    column is missing or could be two.
    """
    if not text.strip():
        raise PipelineError(
            f"{table} is empty. Its first line must name the columns: {','.join(list(wanted)[:2])}."
        )
    first_line = BREAK.split(text, maxsplit=1)[0]
    headers = {d: list(map(str.strip, cells(table, first_line, d))) for d in DELIMITERS}
    delimiter = _delimiter(headers, set().union(*wanted.values()))
    found = headers[delimiter]
    places = {column: _place(table, found, column, wanted[column]) for column in wanted}
    return delimiter, found, {c: place for c, place in places.items() if place is not None}


def _delimiter(headers: Mapping[str, Sequence[str]], known: set[str]) -> str:
    """The delimiter by which the header has the most names of columns, or the most cells.

    It tells more surely than statistics over the rows, whose labels may hold commas.
    """
    return max(headers, key=lambda d: (_count(headers[d], known), len(headers[d])))


def _place(table: Path, header: Sequence[str], column: str, names: Collection[str]) -> int | None:
    """Which cell of the header is a column; None if no cell says the split."""
    places = [i for i, cell in enumerate(header) if cell.lower() in names]
    if len(places) > 1:
        several = ", ".join(header[i] for i in places)
        raise PipelineError(
            f"{table}:1 has {len(places)} columns that could be the {column}: {several}. Keep one"
            " of them."
        )
    if not places and column != "split":
        raise PipelineError(
            f"{table}:1 has no column for the {column}; it has {', '.join(header)}. Name it"
            f" {' or '.join(names)}."
        )
    return next(iter(places), None)


def _count(header: Sequence[str], known: set[str]) -> int:
    """How many cells are names of columns."""
    return sum(cell.lower() in known for cell in header)


def cells(table: Path, line: str, delimiter: str) -> list[str]:
    """The cells of a line by itself. Raises PipelineError on broken quoting."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise PipelineError(f"{table}:1 cannot be read: {error}.") from error


def tables(folder: Path) -> list[Path]:
    """The tables in a folder that are not hidden, and not those of a contest's answers.

    Raises PipelineError if it cannot be read.
    """
    found = _all_tables(folder)
    return [file for file in found if not _is_submission(file)] or found


def passed_over(path: Path) -> list[Problem]:
    """A warning of the tables of a contest's answers beside those of the data."""
    left = set() if path.is_file() else {*_all_tables(path)} - {*tables(path)}
    message = "passed over: its name says that it holds answers to a contest, not data."
    return [Problem("warning", "unused-file", file.name, message) for file in sorted(left)]


def _all_tables(folder: Path) -> list[Path]:
    try:
        seen = (file for file in folder.iterdir() if is_table(file) and file.name[0] != ".")
        return sorted(filter(Path.is_file, seen))
    except OSError as error:
        raise PipelineError(f"cannot read {folder}: {error.strerror}.") from error


def _is_submission(file: Path) -> bool:
    return "submission" in file.name.lower()  # Kaggle's sample_submission.csv and its like


def only_table(folder: Path) -> Path:
    """The one table in a folder. Raises PipelineError if there is none, or if there are several."""
    found = tables(folder)
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise PipelineError(
            f"{folder} must hold one .csv or .tsv file; found {names}. Pass the file itself."
        )
    return own_file(folder, found[0])
