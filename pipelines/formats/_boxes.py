"""What the readers of boxes share: pictures and objects, gathered in any order, become Examples."""

import itertools
import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipelines.errors import PipelineError
from pipelines.formats import _left_out
from pipelines.formats import _pillow as pillow
from pipelines.formats._folders import few
from pipelines.formats._lines import lines_of
from pipelines.formats._paths import Paths
from pipelines.formats.examples import (
    SPLITS,
    Data,
    Examples,
    Problem,
    Unusable,
    cut_splits,
    ids_of,
    own_file,
    reason,
)

COLUMNS = (
    *("image", "objects/bbox", "objects/label"),
    *("objects/is_crowd", "objects/is_difficult", "objects/where"),
)

Size = tuple[int, int]  # (height, width), pixels


@dataclass
class Scene:
    """One picture and its objects."""

    name: str  # relative to the data, posix style
    path: str
    where: str  # file, or file:line, that lists the picture
    size: Size
    boxes: list = field(default_factory=list)  # ymin xmin ymax xmax, shares of the picture
    labels: list = field(default_factory=list)  # names
    crowd: list = field(default_factory=list)
    difficult: list = field(default_factory=list)
    places: list = field(default_factory=list)  # file:line of each box

    def add(
        self,
        box_yxyx: Sequence[float],
        label: str,
        where: str,
        is_crowd: bool = False,
        is_difficult: bool = False,
    ) -> None:
        """box_yxyx: ymin xmin ymax xmax in pixels. Raises ValueError if it is no four numbers."""
        shares = [value / side for value, side in zip(box_yxyx, self.size * 2, strict=True)]
        self.add_share(shares, label, where, is_crowd, is_difficult)

    def add_share(
        self,
        box_yxyx: Sequence[float],
        label: str,
        where: str,
        is_crowd: bool = False,
        is_difficult: bool = False,
    ) -> None:
        """The same with shares of the picture in place of pixels."""
        if not all(map(math.isfinite, box_yxyx)):
            raise ValueError("a coordinate is not a finite number. Correct the box")
        self.boxes.append(list(map(float, box_yxyx)))
        self.labels.append(label)
        self.places.append(where)
        self.crowd.append(bool(is_crowd))
        self.difficult.append(bool(is_difficult))

    def add_all(self, objects: Iterable[tuple]) -> None:
        """Adds objects, each the arguments of `add`."""
        for item in objects:
            self.add(*item)


class Scenes:
    """The scenes of one data set. `problems` holds what was wrong with them."""

    def __init__(self, root: str | Path):
        self.paths = Paths(root)
        self.root: Path = self.paths.root
        self.problems: list[Problem] = []
        self._splits: dict[str, list[Scene]] = {}
        self._listed: dict[str, tuple[str, str]] = {}  # name -> (split, where)

    def picture(
        self,
        said: str,
        split: str,
        where: str,
        declared: Size | None = None,
        places: Sequence[str] = (".",),
    ) -> Scene | None:
        """A new Scene of the picture that is written as `said`, or None if it cannot be used.

        Why it cannot is a Problem then. declared: (height, width) that the annotation claims,
        pixels, or None. places: folders that the picture may lie in.
        """
        try:
            name = self.paths.name(said, places)
            self._claim(name, split, where)
            size = checked_size(name, self.root / name, declared)
        except Unusable as bad:
            self.problems.append(bad.problem(where))
            return None
        scene = Scene(name, str(self.root / name), where, size)
        self._splits.setdefault(split, []).append(scene)
        return scene

    def __contains__(self, name: str) -> bool:
        return name in self._listed

    def error(self, kind: str, where: str, message: str, name: str = "") -> None:
        """Notes an error.

        Training must leave out the picture `name`, or the place itself if none is known.
        """
        self.problems.append(Problem("error", kind, where, message, name or where))

    def note(self, severity: str, kind: str, where: str, message: str) -> None:
        """Notes what is no error."""
        self.problems.append(Problem(severity, kind, where, message))

    def left_out(self, path: Path, in_what: str) -> None:
        """Warns of pictures that nothing lists: all below `path`, or if it is a file those that lie
        among the pictures of the data.
        """
        if path.is_dir():
            used = map(self.root.joinpath, self._listed)
            self.problems += _left_out.pictures(self.root, used, self.problems)
        else:
            self.unlisted(in_what)

    def unlisted(self, in_what: str) -> None:
        """Warns of pictures that lie among those of the data and that nothing lists."""
        self.problems += _left_out.beside(self.root, self._listed, self.problems, in_what)

    def data(
        self,
        source: str | Path,
        format: str,
        labels: Sequence[str] = (),
        without: str = "box: they count as background",
    ) -> Data:
        """All scenes as Data.

        labels: class names by id; by default those of classes.txt, or if there is none the sorted
        names that occur. without: what is said of pictures that have no object. Raises
        PipelineError if there is no usable picture.
        """
        labels = labels or class_names(self.root)
        self._leave_out_others(labels)
        scenes = list(itertools.chain(*self._splits.values()))
        if not scenes:
            raise PipelineError(f"{source} has no usable picture.{reason(self.problems)}")
        self._note_empty(scenes, without)
        labels = list(labels or _occurring(scenes))
        parts = self._parts(ids_of(labels))
        names = {"objects/label": labels}
        return Data(str(source), format, cut_splits(parts), names, self.problems)

    def _parts(self, ids: Mapping[str, int]) -> dict[str, Examples]:
        known = filter(self._splits.__contains__, SPLITS)
        return {split: _examples(self._splits[split], ids) for split in known}

    def _claim(self, name: str, split: str, where: str) -> None:
        """Raises Unusable if the picture is listed already."""
        if name in self._listed:
            other, at = self._listed[name]
            kind = "leak" if other != split else "conflict"
            message = f"{name!r} is listed already at {at}, in {other}. Keep one of them."
            raise Unusable(kind, message, name=name)
        self._listed[name] = split, where

    def _leave_out_others(self, labels: Sequence[str]) -> None:
        """Leaves out scenes with a class that is not among `labels`, unless there are none."""
        if not labels:
            return
        for split, scenes in self._splits.items():
            self._splits[split] = [scene for scene in scenes if self._is_known(scene, labels)]

    def _is_known(self, scene: Scene, labels: Sequence[str]) -> bool:
        """Whether all classes of a scene are among `labels`.

        The first that is not becomes a Problem.
        """
        for label, place in zip(scene.labels, scene.places, strict=True):
            if label not in labels:
                message = (
                    f"the class {label!r} is none of {few(labels)}. Correct it, or the list of"
                    " classes."
                )
                self.error("unknown-label", place, message, scene.name)
                return False
        return True

    def _note_empty(self, scenes: Sequence[Scene], without: str) -> None:
        """Notes how many pictures have no object."""
        empty = [scene for scene in scenes if not scene.labels]
        if empty:
            message = f"{len(empty):,} of {len(scenes):,} pictures have no {without}."
            self.note("note", "background", empty[0].where, message)


def class_names(folder: str | Path) -> list[str]:
    """The class names that `folder`/classes.txt lists, a line each, in the order of their ids; []
    without one.

    Raises PipelineError naming file and line.
    """
    file = Path(folder) / "classes.txt"
    if not file.is_file():
        return []
    return _distinct(file, list(map(str.strip, lines_of(own_file(folder, file)))))


def _distinct(file: Path, lines: Sequence[str]) -> list[str]:
    """The lines that are not blank. Raises PipelineError if two are equal."""
    found: dict[str, int] = {}
    for n, line in enumerate(lines, 1):
        if line and found.setdefault(line, n) != n:
            raise PipelineError(f"{file}:{n}: two classes are called {line!r}. Rename one.")
    return list(found)


def picture_size(source: str | Path | bytes) -> Size | None:
    """(height, width) in pixels of an upright picture, by its header; None if it has none."""
    try:
        return pillow.size(source)
    except Exception:  # Pillow raises nearly anything on a damaged file; the audit says which
        return None


def checked_size(name: str, path: Path, declared: Size | None) -> Size:
    """(height, width) of a picture. Raises Unusable if it is not the one that was declared."""
    size = picture_size(path) or declared
    if not size:
        message = f"{name!r} is no picture that can be read. Restore it."
        raise Unusable("unreadable", message, name=name)
    if declared not in (None, size):
        message = (
            "the annotation is for {} x {} (height x width), the picture has {} x {}."
            " Annotate it again."
        )
        raise Unusable("picture-size", message.format(*declared, *size), name=name)
    return size


def _occurring(scenes: Iterable[Scene]) -> list[str]:
    """The class names of all objects, sorted."""
    return sorted(set().union(*(scene.labels for scene in scenes)))


@np.errstate(over="ignore")  # a box as far off as that becomes infinite, which the audit reports
def _examples(scenes: Sequence[Scene], ids: Mapping[str, int]) -> Examples:
    scenes = sorted(scenes, key=operator.attrgetter("name"))
    rows = [_values(scene, ids) for scene in scenes]
    columns = {name: [row[i] for row in rows] for i, name in enumerate(COLUMNS)}
    names, where = [scene.name for scene in scenes], [scene.where for scene in scenes]
    return Examples(names, columns, where, pictures=("image",))


def _values(scene: Scene, ids: Mapping[str, int]) -> tuple:
    """What COLUMNS hold of one scene."""
    return (
        scene.path,
        np.array(scene.boxes, np.float32).reshape(-1, 4),
        np.array([ids[label] for label in scene.labels], np.int64),
        np.array(scene.crowd, bool),
        np.array(scene.difficult, bool),
        list(scene.places),
    )
