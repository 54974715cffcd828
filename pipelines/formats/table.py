"""A table of pictures: one .csv or .tsv file with the columns path, label and, if you like, split."""

import csv
import io
import re
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats.examples import SPLIT_NAMES, SPLITS, Data, Examples, Problem, cut_splits, inside

SUFFIXES = (".csv", ".tsv")
DELIMITERS = ",;\t"
COLUMNS = {  # what people call the columns, lower case
    "path": ("path", "file", "filename", "file_name", "image", "image_path"),
    "label": ("label", "class", "category", "target"),
    "split": ("split",),
}


def detect(path):
    """Whether `path` is a .csv or .tsv file, or a folder with exactly one, whose header names a path and a label."""
    if path.is_file():
        return path.suffix.lower() in SUFFIXES and not has_boxes(path)
    tables = _tables(path)
    if len(tables) != 1:
        return False
    try:
        _header(tables[0], _text(tables[0]))
    except PipelineError:
        return False
    return not has_boxes(tables[0])


def has_boxes(table):
    """Whether the header names the four sides of a box: then `box_table` reads it."""
    try:
        first = re.split(r"\r\n|\r|\n", _text(table), maxsplit=1)[0]
    except PipelineError:
        return False
    cells = {cell.strip().strip('"').lower() for cell in re.split("[,;\t]", first)}
    return {"xmin", "ymin", "xmax", "ymax"} <= cells


def read(path):
    """The pictures that a table lists, with their `label`: Path -> Data.

    Paths in the table are relative to its folder. A row that cannot be used becomes a Problem with its line. Raises
    PipelineError, with file and line, where the table as a whole cannot be read.
    """
    path = Path(path).resolve()
    table = path if path.is_file() else _only_table(path)
    text = _text(table)
    delimiter, header, columns = _header(table, text)
    root, problems, rows = table.parent, [], {}  # rows: name -> (split, label, where)
    if unused := [cell for i, cell in enumerate(header) if i not in columns.values()]:
        problems.append(Problem("note", "unused-column", f"{table.name}:1", f"not used: {', '.join(unused)}."))
    for line, values in _rows(table, text, delimiter):
        where = f"{table.name}:{line}"
        try:
            name, split, label = _row(root, len(header), columns, values)
        except _BadRow as bad:
            problems.append(Problem("error", bad.kind, where, str(bad), where))
            continue
        if name in rows:
            problems.append(_repeated(name, where, rows[name], (split, label)))
        else:
            rows[name] = (split, label, where)
    if not rows:
        raise PipelineError(f"{table} lists no usable picture.{_first(problems)}")

    labels = sorted({label for _, label, _ in rows.values()})
    ids = {label: i for i, label in enumerate(labels)}
    splits = {}
    for split in SPLITS:
        names = sorted(name for name, row in rows.items() if row[0] == split)
        if names:
            features = {
                "image": [str(root / name) for name in names],
                "label": [ids[rows[name][1]] for name in names],
            }
            splits[split] = Examples(names, features, [rows[name][2] for name in names], pictures=("image",))
    return Data(str(path), "table", cut_splits(splits), {"label": labels}, problems)


class _BadRow(Exception):
    """A row that cannot be used, and the kind of its Problem."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def _row(root, width, columns, values):
    """The cells of one row -> (name, split, label). Raises _BadRow."""
    if len(values) != width:
        advice = "Put cells that hold the delimiter into double quotes."
        raise _BadRow("row", f"this row has {len(values)} cells, the header {width}. {advice}")
    path, label = values[columns["path"]].strip(), values[columns["label"]].strip()
    split = "train"
    if "split" in columns:
        word = values[columns["split"]].strip()
        if word.lower() not in SPLIT_NAMES:
            raise _BadRow("unknown-split", f"unknown split {word!r}. Use {', '.join(SPLITS)}.")
        split = SPLIT_NAMES[word.lower()]
    if not path:
        raise _BadRow("missing-file", "the cell of the picture's path is empty. Fill it or delete the row.")
    if not label:
        raise _BadRow("empty-label", f"{path!r} has no label. Fill the cell or delete the row.")
    try:
        file = inside(root, path.replace("\\", "/"))
        if file is None:
            raise _BadRow("outside", f"{path!r} lies outside of the table's folder. Copy the picture into it.")
        if not file.is_file():
            raise _BadRow("missing-file", f"there is no picture {path!r}. Paths are relative to the table's folder.")
    except (OSError, ValueError, RuntimeError) as error:  # a NUL, a name that is too long, links in a circle
        raise _BadRow("missing-file", f"{path!r} is no path: {error}.") from error
    return file.relative_to(root).as_posix(), split, label


def _repeated(name, where, first, second):
    """The Problem of a picture that is listed twice."""
    (split, label, line), (other_split, other_label) = first, second
    if label != other_label:
        message = f"{name!r} has the label {other_label!r} here and {label!r} at {line}. Keep one of them."
        return Problem("error", "conflict", where, message, name)
    if split != other_split:
        message = f"{name!r} is in {other_split} here and in {split} at {line}. Keep one of them."
        return Problem("error", "leak", where, message, name)
    return Problem("warning", "duplicate", where, f"{name!r} is listed already at {line}; this row is left out.")


def _header(table, text):
    """The delimiter, the header's cells, and which of them is what: (",", [...], {"path": 0, "label": 2}).

    Raises PipelineError where a column is missing or could be two.
    """
    if not text.strip():
        raise PipelineError(f"{table} is empty. Its first line must name the columns: path,label.")
    first_line = re.split(r"\r\n|\r|\n", text, maxsplit=1)[0]
    headers = {d: [cell.strip() for cell in _cells(table, first_line, d)] for d in DELIMITERS}
    known = {name for names in COLUMNS.values() for name in names}
    # The header tells the delimiter more surely than statistics over the rows, where labels may hold commas.
    delimiter = max(DELIMITERS, key=lambda d: (sum(cell.lower() in known for cell in headers[d]), len(headers[d])))
    header, columns = headers[delimiter], {}
    for column, names in COLUMNS.items():
        places = [i for i, cell in enumerate(header) if cell.lower() in names]
        if len(places) > 1:
            raise PipelineError(
                f"{table}:1 has {len(places)} columns that could be the {column}: "
                f"{', '.join(header[i] for i in places)}. Keep one of them."
            )
        if places:
            columns[column] = places[0]
        elif column != "split":
            raise PipelineError(
                f"{table}:1 has no column for the {column}; it has {', '.join(header)}. Name it {' or '.join(names)}."
            )
    return delimiter, header, columns


def _cells(table, line, delimiter):
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise PipelineError(f"{table}:1 cannot be read: {error}.") from error


def _rows(table, text, delimiter):
    """Yields (line, cells) of each row below the header that is not blank. Raises PipelineError on broken quoting."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for values in reader:
            if line > 1 and any(value.strip() for value in values):
                yield line, values
            line = reader.line_num + 1  # a quoted cell may span lines: the row starts after the last one's end
    except csv.Error as error:
        raise PipelineError(f"{table}:{line} cannot be read: {error}. Look for a stray double quote.") from error


def _text(table):
    try:
        raw = table.read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise PipelineError(f"cannot read {table}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PipelineError(f"{table}:{line} is not UTF-8. Save the table as UTF-8.") from error


def _tables(folder):
    try:
        return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.name[0] != "." and p.is_file())
    except OSError as error:
        raise PipelineError(f"cannot read {folder}: {error.strerror}.") from error


def _only_table(folder):
    tables = _tables(folder)
    if len(tables) != 1:
        found = ", ".join(p.name for p in tables) or "none"
        raise PipelineError(f"{folder} must hold one .csv or .tsv file; found {found}. Pass the file itself.")
    return tables[0]


def _first(problems):
    return f" {problems[0].where}: {problems[0].message}" if problems else " Add rows below the header."
