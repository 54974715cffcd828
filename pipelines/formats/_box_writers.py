"""What the writers of boxes share: pictures with their objects, and the place of their files."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipelines.errors import PipelineError
from pipelines.files import write_bytes, write_text
from pipelines.formats._boxes import Size, picture_size
from pipelines.formats.examples import PICTURE_SUFFIXES, Data, Examples, inside


class Object(NamedTuple):
    """One object of a picture."""

    box_yxyx: list[float]  # ymin xmin ymax xmax, shares of the picture
    label: int
    is_crowd: bool
    is_difficult: bool

    def pixels(self, size: Size) -> list[float]:
        """ymin xmin ymax xmax in pixels. size: (height, width) of the picture."""
        return [share * side for share, side in zip(self.box_yxyx, size * 2, strict=True)]


class Picture(NamedTuple):
    """One picture and its objects."""

    split: str
    name: str  # with the suffix of a picture
    source: str | bytes  # its path, or encoded
    size: Size
    objects: list[Object]


def objects(data: Data) -> Iterator[Picture]:
    """Yields every picture of `data`. Raises PipelineError if one cannot be read."""
    for split, examples in data.splits.items():
        for i, name in enumerate(examples.names):
            source = examples.columns["image"][i]
            size = picture_size(source)
            if not size:
                raise PipelineError(
                    f"{examples.where[i]} is no picture that can be read. Leave it out."
                )
            yield Picture(split, _with_suffix(name, source), source, size, _objects(examples, i))


def place(source: str | bytes, folder: str | Path, name: str) -> None:
    """Puts a picture, a path or encoded bytes, at `name` in `folder`: a hard link if the disk
    allows it, or a copy.

    Raises PipelineError if there is such a file, or `name` leads out of the folder.
    """
    target = inside(folder, name)
    if target is None:
        raise PipelineError(f"the name {name!r} leads out of {folder}. Rename the example.")
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise PipelineError(f"{target} exists already. Write to an empty folder.")
    if isinstance(source, bytes):
        write_bytes(target, source)
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def write_class_names(data: Data, folder: str | Path) -> None:
    """What `_boxes.class_names` reads."""
    lines = [f"{name}\n" for name in data.labels["objects/label"]]
    write_text(Path(folder) / "classes.txt", "".join(lines))


def _objects(examples: Examples, i: int) -> list[Object]:
    columns = examples.columns
    boxes = np.asarray(columns["objects/bbox"][i], np.float64).reshape(-1, 4).tolist()
    labels = list(map(int, columns["objects/label"][i]))
    crowd, difficult = _marks(examples, i, "is_crowd"), _marks(examples, i, "is_difficult")
    return list(map(Object, boxes, labels, crowd, difficult))


def _marks(examples: Examples, i: int, mark: str) -> list[bool]:
    """Which objects of example `i` have a mark; none if there is no such column."""
    column = examples.columns.get(f"objects/{mark}")
    if column is None:
        return [False] * len(examples.columns["objects/label"][i])
    return list(map(bool, column[i]))


def _with_suffix(name: str, source: str | bytes) -> str:
    """The name with the suffix of a picture."""
    if Path(name).suffix.lower() in PICTURE_SUFFIXES:
        return name
    is_jpeg = isinstance(source, bytes) and source[:2] == b"\xff\xd8"
    return name + (".jpg" if is_jpeg else ".png")
