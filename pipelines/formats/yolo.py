"""YOLO: images/ and labels/ with one .txt a picture (class, centre x y, width, height as shares), and a data.yaml."""

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pipelines.errors import PipelineError
from pipelines.files import write_text, write_yaml
from pipelines.formats import _box_writers, _boxes, _yolo_yaml
from pipelines.formats.examples import PICTURE_SUFFIXES, Data, Problem, Unusable, inside

YAML = (".yaml", ".yml")
MOST = 10_000  # classes without names; a larger id is no class
SLACK = 1e-2  # shares that rounding may put a box beyond the picture
KEYS = {"validation": "val"}  # what data.yaml calls our splits
CLASSES = "classes.txt"  # lies among the label files and is none
SUFFIXES = (*PICTURE_SUFFIXES, *map(str.upper, PICTURE_SUFFIXES))


class Row(NamedTuple):
    """One line of a label file. where: file:line."""

    label: int
    box_yxyx: list[float]  # shares of the picture
    where: str


def detect(path: Path) -> bool:
    """Whether `path` is a data.yaml with names, or a folder with one, or with images and labels of
    text files.
    """
    if path.is_file():
        return path.suffix.lower() in YAML and "names" in path.read_text(errors="replace")
    has_both = (path / "images").is_dir() and any((path / "labels").rglob("*.txt"))
    return has_both or _yolo_yaml.find(path) is not None


def read(path: str | Path) -> Data:
    """Pictures with their boxes. A picture without a .txt, or with an empty one, is background.

    Raises PipelineError if data.yaml cannot be used, or if there is no usable picture.
    """
    path = Path(path).resolve()
    root = path if path.is_dir() else path.parent
    labels, folders = _described(_yolo_yaml.find(path), root)
    reader = _Reader(_boxes.Scenes(root), labels)
    for split, listed in folders.items():
        reader.split(split, listed)
    reader.note_one_based()
    last = max(reader.ids, default=(-1, ""))[0]
    labels = labels or list(map(str, range(last + 1)))
    return reader.scenes.data(path, "yolo", labels)


def _described(file: Path | None, root: Path) -> tuple[list[str], dict[str, _yolo_yaml.Listed]]:
    """(class names, {split: pictures}) by data.yaml, or without one by classes.txt and folders."""
    labels = _boxes.class_names(root) or _boxes.class_names(root / "labels")
    if file:
        labels, folders = _yolo_yaml.read(file, root)
    else:
        folders = _yolo_yaml.folders(root)
    if not folders:
        raise PipelineError(
            f"{file or root} names no folder of pictures that exists. Write train: images/train."
        )
    return labels, folders


def write(data: Data, folder: str | Path) -> None:
    """Data with boxes -> YOLO in `folder`: images/SPLIT, labels/SPLIT, data.yaml.

    Raises PipelineError if an object is marked as crowd or difficult, for which YOLO has no
    place.
    """
    folder, splits = Path(folder), {}
    for picture in _box_writers.objects(data):
        split, name = picture.split, picture.name
        splits[KEYS.get(split, split)] = f"images/{split}"
        _box_writers.place(picture.source, folder / "images" / split, name)
        lines = [_line(item, name) for item in picture.objects]
        write_text((folder / "labels" / split / name).with_suffix(".txt"), "".join(lines))
    names = dict(enumerate(data.labels["objects/label"]))
    write_yaml(folder / "data.yaml", {**splits, "names": names})


def _line(item: _box_writers.Object, name: str) -> str:
    """The line of an object in a label file."""
    if item.is_crowd or item.is_difficult:
        raise PipelineError(
            f"{name} has an object that is crowd or difficult, which YOLO cannot say. Write"
            " COCO or Pascal VOC."
        )
    ymin, xmin, ymax, xmax = item.box_yxyx
    shares = ((xmin + xmax) / 2, (ymin + ymax) / 2, xmax - xmin, ymax - ymin)
    return f"{' '.join(map(repr, (item.label, *shares)))}\n"


@dataclass(frozen=True)
class _Reader:
    """Gathers the scenes. What is wrong becomes a Problem."""

    scenes: _boxes.Scenes
    labels: Sequence[str]  # class names; empty if none are known
    ids: list[tuple[int, str]] = field(default_factory=list)  # (class id, file:line) of all boxes

    def split(self, split: str, listed: _yolo_yaml.Listed) -> None:
        """Makes a scene of each picture. Label files without one are errors."""
        for name, where in listed:
            self._picture(name, where, split)
        lists = {where.rpartition(":")[0] for _, where in listed}
        for folder in sorted({os.path.dirname(name) for name, _ in listed}):
            self._note_alone(folder, lists | {CLASSES})

    def note_one_based(self) -> None:
        """Notes that no box has the class 0, if there is any box.

        With ids up to the number of names they count from 1, and every class is the one before.
        """
        first, where = min(self.ids, default=(0, ""))
        if first == 0:
            return
        last = max(self.ids)[0]
        said = f"class ids run from {first} to {last}, and YOLO counts from 0"
        if last == len(self.labels):
            message = f"{said}. Subtract 1 in all files."
            self.scenes.problems.insert(0, Problem("error", "one-based", where, message))
            return
        name = self.labels[0] if self.labels else "0"
        message = f"{said}: no box is {name!r}. Subtract 1 in all files if they count from 1."
        self.scenes.note("warning", "one-based", where, message)

    def _picture(self, name: str, where: str, split: str) -> None:
        try:
            rows = self._rows(name)
            self.ids.extend((row.label, row.where) for row in rows)
            self._check_classes(rows)
        except Unusable as bad:
            self.scenes.problems.append(bad.problem(where, name))
            return
        scene = self.scenes.picture(name, split, where)
        if scene:
            self._add(scene, rows)

    def _add(self, scene: _boxes.Scene, rows: Sequence[Row]) -> None:
        for row in rows:
            label = self.labels[row.label] if self.labels else str(row.label)
            scene.add_share(row.box_yxyx, label, row.where)

    def _rows(self, name: str) -> list[Row]:
        """The lines of a picture's label file. Raises Unusable."""
        shown, rows = _label_file(name), []
        for i, line in enumerate(self._lines(name, shown), 1):
            where, cells = f"{shown}:{i}", line.split()
            try:
                if cells:
                    rows.append(Row(*_parsed(cells, self._most()), where))
            except ValueError as error:
                raise Unusable("annotation", f"{error}.", where) from error
        return rows

    def _most(self) -> float:
        """What a class id is below. Classes with names are checked later, with a better message."""
        return math.inf if self.labels else MOST

    def _lines(self, name: str, shown: str) -> list[str]:
        """The lines of the label file `shown` of a picture; [] if there is none."""
        try:
            file = self._file(name, shown)
        except (OSError, ValueError, RuntimeError):
            return []  # no path at all, which `Scenes.picture` reports
        return _read(file, shown) if file else []

    def _file(self, name: str, shown: str) -> Path | None:
        file = inside(self.scenes.root, shown)
        if file is None and inside(self.scenes.root, name):
            message = "this link leads out of the data. Copy the file here."
            raise Unusable("outside", message, shown)
        is_there = file is not None and file.is_file()
        return file if is_there else None

    def _check_classes(self, rows: Sequence[Row]) -> None:
        """Raises Unusable if a class has no name, unless none has one."""
        count = len(self.labels)
        strange = [row for row in rows if row.label >= count > 0]
        if strange:
            label = strange[0].label
            hint = "; YOLO counts from 0" if label == count else ""
            message = f"class {label} is none of the {count}, 0 to {count - 1}{hint}. Correct it."
            raise Unusable("unknown-label", message, strange[0].where)

    def _note_alone(self, folder: str, others: Iterable[str]) -> None:
        """Notes label files without a picture in `folder`. others: files of another kind."""
        for file in self._label_files(folder):
            shown = file.relative_to(self.scenes.root).as_posix()
            is_alone = {shown, file.name}.isdisjoint(others)
            if is_alone and not self._has_picture(os.path.join(folder, file.stem)):
                message = "there is no picture to these labels. Restore it, or delete the file."
                self.scenes.error("missing-image", shown, message)

    def _label_files(self, folder: str) -> list[Path]:
        """The label files of the pictures in `folder`."""
        file = _label_file(os.path.join(folder, "x.jpg"))
        labels = inside(self.scenes.root, os.path.dirname(file))
        return sorted(labels.glob("*.txt")) if labels else []

    def _has_picture(self, stem: str) -> bool:
        names = [stem + suffix for suffix in SUFFIXES]
        return any(name in self.scenes or (self.scenes.root / name).exists() for name in names)


def _read(file: Path, shown: str) -> list[str]:
    """The lines of a file."""
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = "this file is no UTF-8 text. Restore or delete it."
        raise Unusable("annotation", message, shown) from error


def _label_file(name: str) -> str:
    """The .txt of a picture: the last folder called images becomes labels."""
    *folders, file = Path(name).with_suffix(".txt").parts
    if "images" in folders:
        folders[len(folders) - 1 - folders[::-1].index("images")] = "labels"
    return Path(*folders, file).as_posix()


def _parsed(cells: Sequence[str], most: float) -> tuple[int, list[float]]:
    """The cells of a line -> (class id below `most`, box yxyx in shares). Raises ValueError."""
    label, *box = _numbers(cells)
    if not label.is_integer() or not 0 <= label < most:
        raise ValueError(f"the class must be a whole number from 0; got {cells[0]!r}. Correct it")
    if not _is_inside(*box):
        raise _no_shares(cells[1:])
    x, y, width, height = box
    return int(label), [y - height / 2, x - width / 2, y + height / 2, x + width / 2]


def _is_inside(x: float, y: float, width: float, height: float) -> bool:
    return max(x, y, width, height) <= 1 + SLACK and min(x, y) >= -SLACK


def _no_shares(cells: Sequence[str]) -> ValueError:
    said = repr(" ".join(cells))
    message = f"coordinates are shares of the picture, 0 to 1; got {said}."
    return ValueError(f"{message} Divide pixels by its sides")


def _numbers(cells: Sequence[str]) -> list[float]:
    """The five numbers of a line."""
    if len(cells) != 5:
        raise _wrong_count(len(cells))
    said = repr(" ".join(cells))
    try:
        numbers = list(map(float, cells))
    except ValueError:
        raise ValueError(f"a line has five numbers; got {said}. Correct it") from None
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"a number is not finite: {said}. Correct it")
    return numbers


def _wrong_count(count: int) -> ValueError:
    is_polygon = count >= 7 and count % 2
    advice = "Polygons are for segmentation" if is_polygon else "Correct it"
    message = f"a line has five numbers, class x y width height; this one has {count}."
    return ValueError(f"{message} {advice}")
