"""A table of pictures: one .csv or .tsv file with the columns path, label and, if you like, split."""

from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _delimited as delimited
from pipelines.formats.examples import SPLITS, Data, Examples, Problem, cut_splits, inside

COLUMNS = {  # what people call the columns, lower case
    "path": ("path", "file", "filename", "file_name", "image", "image_path"),
    "label": ("label", "class", "category", "target"),
    "split": ("split",),
}
TEXT = ("text", "sentence")


def detect(path):
    """Whether `path` is a .csv or .tsv file, or a folder with exactly one, whose header names a path and a label."""
    if path.is_file():
        return (
            path.suffix.lower() in delimited.SUFFIXES and not has_boxes(path) and not has_text(path)
        )
    tables = delimited.tables(path)
    if len(tables) != 1:
        return False
    try:
        delimited.header(tables[0], delimited.text(tables[0]), COLUMNS)
    except PipelineError:
        return False
    return not has_boxes(tables[0]) and not has_text(tables[0])


def has_boxes(table):
    """Whether the header names the four sides of a box: then `box_table` reads it."""
    return {"xmin", "ymin", "xmax", "ymax"} <= delimited.names(table)


def has_text(table):
    """Whether the header names a text and a label, and no path: then `text_table` reads it."""
    cells = delimited.names(table)
    return all(cells & set(names) for names in (TEXT, COLUMNS["label"])) and not cells & set(
        COLUMNS["path"]
    )


def read(path):
    """The pictures that a table lists, with their `label`: Path -> Data.

    Paths in the table are relative to its folder. A row that cannot be used becomes a Problem with
    its line. Raises PipelineError, with file and line, where the table as a whole cannot be read.
    """
    path = Path(path).resolve()
    table = path if path.is_file() else delimited.only_table(path)
    text = delimited.text(table)
    delimiter, header, columns = delimited.header(table, text, COLUMNS)
    root, problems, rows = table.parent, [], {}  # rows: name -> (split, label, where)
    if unused := [cell for i, cell in enumerate(header) if i not in columns.values()]:
        problems.append(
            Problem("note", "unused-column", f"{table.name}:1", f"not used: {', '.join(unused)}.")
        )
    for line, values in delimited.rows(table, text, delimiter):
        where = f"{table.name}:{line}"
        try:
            name, split, label = _row(root, len(header), columns, values)
        except delimited.BadRow as bad:
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
            splits[split] = Examples(
                names, features, [rows[name][2] for name in names], pictures=("image",)
            )
    return Data(str(path), "table", cut_splits(splits), {"label": labels}, problems)


def _row(root, width, columns, values):
    """The cells of one row -> (name, split, label). Raises delimited.BadRow."""
    split = delimited.split(width, columns, values)
    path, label = values[columns["path"]].strip(), values[columns["label"]].strip()
    if not path:
        raise delimited.BadRow(
            "missing-file", "the cell of the picture's path is empty. Fill it or delete the row."
        )
    if not label:
        raise delimited.BadRow(
            "empty-label", f"{path!r} has no label. Fill the cell or delete the row."
        )
    try:
        file = inside(root, path.replace("\\", "/"))
        if file is None:
            raise delimited.BadRow(
                "outside", f"{path!r} lies outside of the table's folder. Copy the picture into it."
            )
        if not file.is_file():
            raise delimited.BadRow(
                "missing-file",
                f"there is no picture {path!r}. Paths are relative to the table's folder.",
            )
    except (
        OSError,
        ValueError,
        RuntimeError,
    ) as error:  # a NUL, a name that is too long, links in a circle
        raise delimited.BadRow("missing-file", f"{path!r} is no path: {error}.") from error
    return file.relative_to(root).as_posix(), split, label


def _repeated(name, where, first, second):
    """The Problem of a picture that is listed twice."""
    (split, label, line), (other_split, other_label) = first, second
    if label != other_label:
        message = (
            f"{name!r} has the label {other_label!r} here and {label!r} at {line}. Keep one of"
            " them."
        )
        return Problem("error", "conflict", where, message, name)
    if split != other_split:
        message = f"{name!r} is in {other_split} here and in {split} at {line}. Keep one of them."
        return Problem("error", "leak", where, message, name)
    return Problem(
        "warning",
        "duplicate",
        where,
        f"{name!r} is listed already at {line}; this row is left out.",
    )


def _first(problems):
    return (
        f" {problems[0].where}: {problems[0].message}"
        if problems
        else " Add rows below the header."
    )
