"""A table of boxes: one .csv or .tsv file with the columns path, label, xmin, ymin, xmax, ymax and
maybe split."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.files import write_text
from pipelines.formats import _box_writers, _boxes, table
from pipelines.formats import _delimited as delimited
from pipelines.formats.examples import SPLIT_NAMES, SPLITS, Data, Unusable

SIDES = ("ymin", "xmin", "ymax", "xmax")  # pixels
SIZE = ("height", "width")
DIGITS = 9  # of a side in pixels, at most
MARKS = ("is_crowd", "is_difficult")  # 1 is yes


def detect(path: Path) -> bool:
    """Whether `path` is a .csv or .tsv file whose header has the four sides, or a folder with
    exactly one, or with one in each folder of a split.
    """
    if path.is_file():
        return delimited.is_table(path) and table.has_boxes(path)
    tables = [file for _, file in delimited.of_pictures(path)] if path.is_dir() else []
    return bool(tables) and all(map(table.has_boxes, tables))


def read(path: str | Path) -> Data:
    """The pictures that a table lists, a row a box. A row with a path alone is a background
    picture.

    Sides are pixels, paths relative to the table's folder. A row that cannot be used becomes a
    Problem with its line. Raises PipelineError, with file and line, if the table as a whole
    cannot be read.
    """
    tables = delimited.opened_by_split(path, table.COLUMNS)
    first = tables[0]
    reader = _Reader(_boxes.Scenes(first.path if first.path.is_dir() else first.file.parent))
    for opened in tables:
        _gather(opened, reader)
    reader.scenes.problems.extend(delimited.passed_over(first.path))
    reader.scenes.unlisted("no row")
    return reader.scenes.data(first.path, "box_table")


def _gather(opened: delimited.Table, reader: "_Reader") -> None:
    """The rows of one table."""
    columns = opened.columns | _further_columns(opened)
    for where, values in opened.rows():
        try:
            cells = _cells(opened, columns, values)
        except Unusable as bad:
            reader.refused.append((where, bad, values))
            continue
        reader.row(where, cells)
    reader.refuse(opened)
    reader.refused.clear()


def _cells(
    opened: delimited.Table, columns: Mapping[str, int], values: list[str]
) -> dict[str, str]:
    """The cells of a row by column. Raises Unusable."""
    opened.check_quotes(values, columns.values())
    if len(values) != len(opened.header):
        counts = f"this row has {len(values)} cells, the header {len(opened.header)}."
        raise Unusable("row", f"{counts} Correct it.")
    cells = {name: values[i].strip() for name, i in columns.items()}
    return {"split": opened.split, **cells, "path": opened.located(cells["path"])}


def write(data: Data, folder: str | Path) -> None:
    """Data with boxes -> the same as boxes.csv, classes.txt and its pictures in `folder`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["path", "split", "label", *SIDES, *MARKS])
    names = data.labels["objects/label"]
    for picture in _box_writers.objects(data):
        _box_writers.place(picture.source, folder, picture.name)
        for box in picture.objects:
            sides = map(repr, box.pixels(picture.size))
            marks = (int(box.is_crowd), int(box.is_difficult))
            writer.writerow([picture.name, picture.split, names[box.label], *sides, *marks])
        if not picture.objects:
            writer.writerow([picture.name, picture.split, *[""] * 7])
    write_text(Path(folder) / "boxes.csv", out.getvalue())
    _box_writers.write_class_names(data, folder)


def _further_columns(opened: delimited.Table) -> dict[str, int]:
    """Where the sides are, and, if there are any, sizes and marks."""
    lower = [cell.lower() for cell in opened.header]
    for side in SIDES:
        if lower.count(side) > 1:
            raise PipelineError(f"{opened.file}:1 has two columns {side!r}. Keep one of them.")
    if missing := [side for side in SIDES if side not in lower]:
        raise PipelineError(
            f"{opened.file}:1 has no column {missing[0]!r}; it has {', '.join(opened.header)}."
        )
    return {name: lower.index(name) for name in (*SIDES, *SIZE, *MARKS) if name in lower}


@dataclass(frozen=True)
class _Reader:
    """Gathers scenes row by row."""

    scenes: _boxes.Scenes
    made: dict[str, tuple] = field(default_factory=dict)  # name -> (scene or None, split, where)
    names: dict[str, str] = field(default_factory=dict)  # path as it is written -> name
    refused: list[tuple[str, Unusable, list[str]]] = field(default_factory=list)  # rows

    def row(self, where: str, cells: Mapping[str, str]) -> None:
        """One row of the table. What is wrong with it becomes a Problem."""
        name = self._name(cells["path"])
        try:
            box, split = _box(cells), _split(cells)
        except ValueError as error:
            self.scenes.error("annotation", where, f"{error}.", name)
            return
        scene, first, at = self._scene(name, split, where, cells)
        if split != first:
            message = f"{name!r} is in {split} here and in {first} at {at}."
            self.scenes.error("leak", where, message, name)
        elif scene and box:
            scene.add(box, cells["label"], where, *_marks(cells))

    def refuse(self, opened: delimited.Table) -> None:
        """Makes the rows that cannot be read errors of all pictures that they name.

        A picture of which an object is missing must not be trained on.
        """
        for where, bad, values in self.refused:
            pieces = {piece for value in values for piece in _pieces(value, opened.delimiter)}
            names = set(map(self._name, map(opened.located, pieces)))
            for name in sorted(names & self.made.keys()) or [where]:
                self.scenes.error(bad.kind, where, str(bad), name)

    def _name(self, path: str) -> str:
        """The name of a picture that is written as `path`, or the path if there is none."""
        if path not in self.names:
            try:
                self.names[path] = self.scenes.paths.name(path)
            except Unusable:
                self.names[path] = path  # `Scenes.picture` says why
        return self.names[path]

    def _scene(
        self, name: str, split: str, where: str, cells: Mapping[str, str]
    ) -> tuple[_boxes.Scene | None, str, str]:
        """(scene, split, where) of a picture, as its first row has them."""
        if name not in self.made:
            scene = self.scenes.picture(name, split, where, _declared(cells))
            self.made[name] = scene, split, where
        return self.made[name]


def _pieces(cell: str, delimiter: str) -> list[str]:
    """What a cell may hold that took in other rows."""
    return [piece.strip(' "') for line in cell.splitlines() for piece in line.split(delimiter)]


def _box(cells: Mapping[str, str]) -> list[float] | None:
    """The box of a row, yxyx in pixels, or None of a background picture."""
    texts = [cells[side] for side in SIDES]
    if not cells["label"] and any(texts):
        raise ValueError("the box has no label. Fill the cell, or empty its sides too")
    return _sides(texts) if cells["label"] else None


def _sides(texts: list[str]) -> list[float]:
    said = ", ".join(texts)
    try:
        box = list(map(float, texts))
    except ValueError:
        message = f"{', '.join(SIDES)} must be numbers of pixels; got {said}. Correct them"
        raise ValueError(message) from None
    if not all(map(math.isfinite, box)):
        raise ValueError(f"a side is not finite: {said}. Correct it")
    return box


def _split(cells: Mapping[str, str]) -> str:
    word = cells.get("split", "train")
    if word.lower() not in SPLIT_NAMES:
        raise ValueError(f"unknown split {word!r}. Use {', '.join(SPLITS)}")
    return SPLIT_NAMES[word.lower()]


def _marks(cells: Mapping[str, str]) -> list[bool]:
    """is_crowd and is_difficult."""
    return [cells.get(mark) == "1" for mark in MARKS]


def _declared(cells: Mapping[str, str]) -> tuple[int, int] | None:
    """(height, width) in pixels if a row says both."""
    sides = [cells.get(side, "") for side in SIZE]
    if not all(side.isdecimal() and len(side) <= DIGITS for side in sides):
        return None
    height, width = map(int, sides)
    return (height, width) if height and width else None
