"""A table of boxes: one .csv or .tsv file with the columns path, label, xmin, ymin, xmax, ymax and maybe split."""

import csv
import io
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.files import write_text
from pipelines.formats import _boxes, table
from pipelines.formats import _delimited as delimited
from pipelines.formats.examples import SPLIT_NAMES, SPLITS

SIDES = ("ymin", "xmin", "ymax", "xmax")  # pixels
SIZE = ("height", "width")
MARKS = ("is_crowd", "is_difficult")  # 1 is yes


def detect(path):
    """Whether `path` is a .csv or .tsv file whose header has the four sides, or a folder with exactly one."""
    if path.is_file():
        return path.suffix.lower() in delimited.SUFFIXES and table.has_boxes(path)
    tables = delimited.tables(path) if path.is_dir() else []
    return len(tables) == 1 and table.has_boxes(tables[0])


def read(path):
    """The pictures that a table lists, a row a box: Path -> Data. A row with a path alone is a
    background picture.

    Sides are pixels, paths relative to the table's folder. A row that cannot be used becomes a
    Problem with its line. Raises PipelineError, with file and line, where the table as a whole
    cannot be read.
    """
    path = Path(path).resolve()
    file = path if path.is_file() else delimited.only_table(path)
    text = delimited.text(file)
    delimiter, header, columns = delimited.header(file, text, table.COLUMNS)
    lower = [cell.lower() for cell in header]
    if missing := [side for side in SIDES if side not in lower]:
        raise PipelineError(f"{file}:1 has no column {missing[0]!r}; it has {', '.join(header)}.")
    columns = {
        **columns,
        **{name: lower.index(name) for name in (*SIDES, *SIZE, *MARKS) if name in lower},
    }
    scenes, made, bad = _boxes.Scenes(file.parent), {}, set()
    for line, values in delimited.rows(file, text, delimiter):
        where = f"{file.name}:{line}"
        if len(values) != len(header):
            scenes.error(
                "row",
                where,
                f"this row has {len(values)} cells, the header {len(header)}. Correct it.",
            )
            continue
        cells = {name: values[i].strip() for name, i in columns.items()}
        try:
            box = _box(cells)
            split = _split(cells)
        except ValueError as error:
            scenes.error("annotation", where, f"{error}.", cells["path"])
            bad.add(cells["path"])
            continue
        if cells["path"] not in made:
            made[cells["path"]] = (
                scenes.picture(cells["path"], split, where, _declared(cells)),
                split,
                where,
            )
        scene, first, at = made[cells["path"]]
        if split != first:
            scenes.error(
                "leak",
                where,
                f"{cells['path']!r} is in {split} here and in {first} at {at}.",
                cells["path"],
            )
        elif scene and box:
            scene.add(box, cells["label"], where, *(cells.get(mark) == "1" for mark in MARKS))
    scenes.unlisted("no row")
    return scenes.data(path, "box_table")


def write(data, folder):
    """Data with boxes -> the same as boxes.csv, classes.txt and its pictures in `folder`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["path", "split", "label", *SIDES, *MARKS])
    for split, name, picture, size, objects in _boxes.objects(data):
        _boxes.place(picture, folder, name)
        for box, label, *marks in objects:
            sides = [repr(value * side) for value, side in zip(box, size * 2, strict=True)]
            writer.writerow(
                [name, split, data.labels["objects/label"][label], *sides, *map(int, marks)]
            )
        if not objects:
            writer.writerow([name, split, *[""] * 7])
    write_text(Path(folder) / "boxes.csv", out.getvalue())
    _boxes.write_class_names(data, folder)


def _box(cells):
    """The box of a row, yxyx in pixels, or None of a background picture. Raises ValueError with what to do."""
    texts = [cells[side] for side in SIDES]
    if not cells["label"] and not any(texts):
        return None
    if not cells["label"]:
        raise ValueError("the box has no label. Fill the cell, or empty its sides too")
    try:
        box = [float(text) for text in texts]
    except ValueError:
        raise ValueError(
            f"{', '.join(SIDES)} must be numbers of pixels; got {', '.join(texts)}. Correct them"
        ) from None
    if any(v - v for v in box):  # NaN and infinity
        raise ValueError(f"a side is not finite: {', '.join(texts)}. Correct it")
    return box


def _split(cells):
    word = cells.get("split", "train")
    if word.lower() not in SPLIT_NAMES:
        raise ValueError(f"unknown split {word!r}. Use {', '.join(SPLITS)}")
    return SPLIT_NAMES[word.lower()]


def _declared(cells):
    sides = [cells.get(side, "") for side in SIZE]
    return (
        tuple(int(side) for side in sides)
        if all(side.isdigit() and int(side) for side in sides)
        else None
    )
