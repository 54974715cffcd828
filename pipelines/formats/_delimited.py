"""What the readers of .csv and .tsv files share: their text, header, rows, and the column of splits."""

import csv
import io
import re

from pipelines.errors import PipelineError
from pipelines.formats.examples import SPLIT_NAMES, SPLITS

SUFFIXES = (".csv", ".tsv")
DELIMITERS = ",;\t"


class BadRow(Exception):
    """A row that cannot be used, and the kind of its Problem."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def split(width, columns, values):
    """The split of a row of `width` cells; train where no column says it. Raises BadRow."""
    if len(values) != width:
        advice = "Put cells that hold the delimiter into double quotes."
        raise BadRow("row", f"this row has {len(values)} cells, the header {width}. {advice}")
    word = values[columns["split"]].strip() if "split" in columns else "train"
    if word.lower() not in SPLIT_NAMES:
        raise BadRow("unknown-split", f"unknown split {word!r}. Use {', '.join(SPLITS)}.")
    return SPLIT_NAMES[word.lower()]


def names(table):
    """What the header may name, in lower case, whatever the delimiter; nothing where it cannot be read."""
    try:
        first = re.split(r"\r\n|\r|\n", text(table), maxsplit=1)[0]
    except PipelineError:
        return set()
    return {cell.strip().strip('"').lower() for cell in re.split("[,;\t]", first)}


def header(table, text, wanted):
    """The delimiter, the header's cells, and which of them is what: (",", [...], {"path": 0,
    "label": 2}).

    wanted: {column: what people call it}; `split` may be missing. Raises PipelineError where a
    column is missing or could be two.
    """
    if not text.strip():
        raise PipelineError(
            f"{table} is empty. Its first line must name the columns: {','.join(list(wanted)[:2])}."
        )
    first_line = re.split(r"\r\n|\r|\n", text, maxsplit=1)[0]
    headers = {d: [cell.strip() for cell in cells(table, first_line, d)] for d in DELIMITERS}
    known = {name for names in wanted.values() for name in names}
    # The header tells the delimiter more surely than statistics over the rows, where labels may
    # hold commas.
    delimiter = max(
        DELIMITERS,
        key=lambda d: (sum(cell.lower() in known for cell in headers[d]), len(headers[d])),
    )
    found, columns = headers[delimiter], {}
    for column, names in wanted.items():
        places = [i for i, cell in enumerate(found) if cell.lower() in names]
        if len(places) > 1:
            raise PipelineError(
                f"{table}:1 has {len(places)} columns that could be the {column}: "
                f"{', '.join(found[i] for i in places)}. Keep one of them."
            )
        if places:
            columns[column] = places[0]
        elif column != "split":
            raise PipelineError(
                f"{table}:1 has no column for the {column}; it has {', '.join(found)}. Name it"
                f" {' or '.join(names)}."
            )
    return delimiter, found, columns


def cells(table, line, delimiter):
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise PipelineError(f"{table}:1 cannot be read: {error}.") from error


def rows(table, text, delimiter):
    """Yields (line, cells) of each row below the header that is not blank. Raises PipelineError on broken quoting."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for values in reader:
            if line > 1 and any(value.strip() for value in values):
                yield line, values
            line = (
                reader.line_num + 1
            )  # a quoted cell may span lines: the row starts after the last one's end
    except csv.Error as error:
        raise PipelineError(
            f"{table}:{line} cannot be read: {error}. Look for a stray double quote."
        ) from error


def text(table):
    try:
        raw = table.read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise PipelineError(f"cannot read {table}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PipelineError(f"{table}:{line} is not UTF-8. Save the table as UTF-8.") from error


def tables(folder):
    try:
        return sorted(
            p
            for p in folder.iterdir()
            if p.suffix.lower() in SUFFIXES and p.name[0] != "." and p.is_file()
        )
    except OSError as error:
        raise PipelineError(f"cannot read {folder}: {error.strerror}.") from error


def only_table(folder):
    found = tables(folder)
    if len(found) != 1:
        names = ", ".join(p.name for p in found) or "none"
        raise PipelineError(
            f"{folder} must hold one .csv or .tsv file; found {names}. Pass the file itself."
        )
    return found[0]
