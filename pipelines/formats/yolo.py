"""YOLO: images/ and labels/ with one .txt a picture (class, centre x y, width, height as shares),
and a data.yaml."""

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.files import write_text, write_yaml
from pipelines.formats import (
    _box_writers,
    _boxes,
    _cache,
    _yolo_darknet,
    _yolo_labels,
    _yolo_yaml,
)
from pipelines.formats._folders import folder_called, split_folders, visible
from pipelines.formats._lines import forgiving
from pipelines.formats._paths import plain
from pipelines.formats._picture_files import is_picture
from pipelines.formats.examples import Data, Problem, Unusable, inside, own_file

MOST = 10_000  # classes without names; a larger id is no class
KEYS = {"validation": "val"}  # what data.yaml calls our splits
CLASSES = "classes.txt"  # lies among the label files and is none


def detect(path: Path) -> bool:
    """Whether `path` is a data.yaml or obj.data with names, or a folder with one, or with images
    and labels of text files, or with label files beside pictures.
    """
    if path.is_file():
        is_yaml = path.suffix.lower() in _yolo_yaml.SUFFIXES and "names" in forgiving(path)
        return is_yaml or (path.suffix == _yolo_darknet.SUFFIX and bool(_yolo_darknet.find(path)))
    is_described = _yolo_yaml.find(path) or _yolo_darknet.find(path)
    return bool(is_described) or _has_both(path) or _is_beside(path)


def _has_both(folder: Path) -> bool:
    """Whether a folder has images and labels of text files."""
    images, labels = folder_called(folder, "images"), folder_called(folder, "labels")
    return images is not None and labels is not None and any(labels.rglob("*.[tT][xX][tT]"))


def read(path: str | Path) -> Data:
    """Pictures with their boxes. A picture without a .txt, or with an empty one, is background.

    Raises PipelineError if data.yaml cannot be used, or if there is no usable picture.
    """
    path = _cache.placed(path)
    root = path if path.is_dir() else path.parent
    labels, folders = _described(path, root)
    reader = _Reader(_boxes.Scenes(root), labels)
    for split, listed in folders.items():
        reader.split(split, listed)
    reader.note_one_based()
    reader.scenes.left_out(path, "no split")
    last = max(reader.ids, default=(-1, ""))[0]
    labels = labels or list(map(str, range(last + 1)))
    return reader.scenes.data(path, "yolo", labels)


def _described(path: Path, root: Path) -> tuple[list[str], dict[str, _yolo_yaml.Listed]]:
    """(class names, {split: pictures}) by data.yaml or obj.data, or by classes.txt and folders."""
    darknet, file = _yolo_darknet.find(path), _yolo_yaml.find(path)
    described = darknet or file
    if described:
        own_file(root, described)
    if darknet:
        labels, folders = _yolo_darknet.read(darknet)
    else:
        labels, folders = _yolo_yaml.read(file, root) if file else _by_folders(root)
    if not any(folders.values()):
        raise PipelineError(
            f"{described or root} names no folder of pictures that exists. Write train:"
            " images/train."
        )
    return labels, folders


def _by_folders(root: Path) -> tuple[list[str], dict[str, _yolo_yaml.Listed]]:
    """The same of data that no file describes."""
    inner = folder_called(root, "labels")
    places = [root, inner] if inner else [root]
    labels = next(filter(None, map(_boxes.class_names, places)), [])
    return labels, _yolo_yaml.folders(folder_called(root, "images") or root, root)


def _is_beside(path: Path) -> bool:
    """Whether label files lie beside pictures, as LabelImg writes them."""
    splits = [folder for _, folder in split_folders(path)]
    images = folder_called(path, "images")
    places = [path, *splits, *([images] if images else [])]
    return any(map(_yolo_labels.beside, places))


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
        located = [(self._name(name), where) for name, where in listed]
        shared = self._shared(name for name, _ in located)
        for name, where in located:
            self._picture(name, where, split, shared.get(name, []))
        lists = {where.rpartition(":")[0] for _, where in listed}
        for folder in sorted({os.path.dirname(name) for name, _ in located}):
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

    def _name(self, said: str) -> str:
        """The name of a picture that is listed as `said`, or what is said if there is none."""
        try:
            return self.scenes.paths.name(said)
        except Unusable:
            return said  # `Scenes.picture` says why

    def _shared(self, names: Iterable[str]) -> dict[str, list[str]]:
        """{name: pictures that have the same label file} of pictures that share one."""
        by_file: dict[str, list[str]] = {}
        for name in dict.fromkeys(names):
            by_file.setdefault(_yolo_labels.place(name), []).append(name)
        several = [own for own in by_file.values() if len(own) > 1]
        return {name: own for own in several for name in own}

    def _picture(self, name: str, where: str, split: str, shared: Sequence[str]) -> None:
        try:
            rows = self._rows(name)
            self.ids.extend((row.label, row.where) for row in rows)
            self._check_classes(rows)
            if rows and shared:
                message = (
                    f"{_boxes.few(shared)} have one label file, {_yolo_labels.place(name)}. Rename"
                    " all but one of them."
                )
                raise Unusable("same-name", message, where)
        except Unusable as bad:
            self.scenes.problems.append(bad.problem(where, name))
            return
        scene = self.scenes.picture(name, split, where)
        if scene:
            self._add(scene, rows)

    def _add(self, scene: _boxes.Scene, rows: Sequence[_yolo_labels.Row]) -> None:
        for row in rows:
            label = self.labels[row.label] if self.labels else str(row.label)
            scene.add_share(row.box_yxyx, label, row.where)

    def _rows(self, name: str) -> list[_yolo_labels.Row]:
        """The lines of a picture's label file; [] if there is none. Raises Unusable."""
        file = _yolo_labels.find(self.scenes.paths, name)
        # Classes with names are checked later, with a better message.
        most = math.inf if self.labels else MOST
        return _yolo_labels.rows(self.scenes.root, file, most) if file else []

    def _check_classes(self, rows: Sequence[_yolo_labels.Row]) -> None:
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
        pictures = self._picture_stems(folder)
        for file in self._label_files(folder):
            shown = file.relative_to(self.scenes.root).as_posix()
            is_alone = {shown, file.name}.isdisjoint(others)
            if is_alone and plain(file.stem) not in pictures:
                message = "there is no picture to these labels. Restore it, or delete the file."
                self.scenes.error("missing-image", shown, message)

    def _picture_stems(self, folder: str) -> set[str]:
        """What the label files of the pictures in a folder are called, without suffix."""
        place = self.scenes.root / folder
        files = [Path(entry.path) for entry in visible(place)] if place.is_dir() else []
        names = [file.name for file in filter(is_picture, files)]
        stems = [Path(_yolo_labels.place(name)).stem for name in names]
        return set(map(plain, stems + names))

    def _label_files(self, folder: str) -> list[Path]:
        """The label files of the pictures in `folder`."""
        file = _yolo_labels.place(os.path.join(folder, "x.jpg"))
        labels = inside(self.scenes.root, os.path.dirname(file))
        files = (
            [Path(entry.path) for entry in visible(labels)] if labels and labels.is_dir() else []
        )
        return [own for own in files if own.suffix.lower() == ".txt" and own.is_file()]
