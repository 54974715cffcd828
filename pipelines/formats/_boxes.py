"""What the readers of boxes share: pictures with objects, gathered in any order, become Examples."""

import io
import math
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from pipelines.edge.pictures import FORMATS
from pipelines.errors import PipelineError
from pipelines.files import write_bytes, write_text
from pipelines.formats.examples import (
    PICTURE_SUFFIXES,
    SPLITS,
    Data,
    Examples,
    Problem,
    cut_splits,
    inside,
)

ORIENTATION = 0x112  # EXIF's tag; from 5 on height and width change places


@dataclass
class Scene:
    """One picture and its objects."""

    name: str  # relative to the data, posix style
    path: str
    where: str  # file, or file:line, that lists the picture
    size: tuple  # (height, width), pixels
    boxes: list = field(default_factory=list)  # ymin xmin ymax xmax, shares of the picture
    labels: list = field(default_factory=list)  # names
    crowd: list = field(default_factory=list)
    difficult: list = field(default_factory=list)
    places: list = field(default_factory=list)  # file:line of each box

    def add(self, box_yxyx, label, where, is_crowd=False, is_difficult=False):
        """box_yxyx: ymin xmin ymax xmax in pixels. Raises ValueError where it is no four numbers."""
        height, width = self.size
        self.add_share(
            [v / s for v, s in zip(box_yxyx, (height, width) * 2, strict=True)], label, where
        )
        self.crowd[-1], self.difficult[-1] = bool(is_crowd), bool(is_difficult)

    def add_share(self, box_yxyx, label, where):
        """box_yxyx: ymin xmin ymax xmax as shares of the picture. Raises ValueError where it is no four numbers."""
        if not all(map(math.isfinite, box_yxyx)):
            raise ValueError("a coordinate is not a finite number. Correct the box")
        self.boxes.append([float(v) for v in box_yxyx])
        self.labels.append(label)
        self.places.append(where)
        self.crowd.append(False)
        self.difficult.append(False)


class Scenes:
    """The scenes of one data set. `problems` holds what was wrong with them."""

    def __init__(self, root):
        self.root, self.problems, self._splits, self._splits_of = Path(root).resolve(), [], {}, {}

    def picture(self, relative, split, where, declared=None):
        """A new Scene of the picture at `relative`, or None where it cannot be used, which then is
        a Problem.

        declared: (height, width) that the annotation claims, pixels, or None.
        """
        try:
            path = inside(self.root, relative)
            if path is None:
                return self.error(
                    "outside",
                    where,
                    f"{relative!r} lies outside of the data. Copy the picture into it.",
                )
            name = (
                Path(relative).as_posix()
                if ".." not in relative
                else path.relative_to(self.root).as_posix()
            )
            if not path.is_file():
                return self.error(
                    "missing-file", where, f"there is no picture {relative!r}. Restore it.", name
                )
        except (
            OSError,
            ValueError,
            RuntimeError,
        ) as error:  # a NUL, a name that is too long, links in a circle
            return self.error("missing-file", where, f"{relative!r} is no path: {error}.")
        if name in self._splits_of:
            other, at = self._splits_of[name]
            kind = "leak" if other != split else "conflict"
            return self.error(
                kind,
                where,
                f"{name!r} is listed already at {at}, in {other}. Keep one of them.",
                name,
            )
        self._splits_of[name] = (split, where)
        size = picture_size(path) or declared
        if not size:
            return self.error(
                "unreadable", where, f"{name!r} is no picture that can be read. Restore it.", name
            )
        if declared and tuple(declared) != size:
            wanted, found = (f"{h} x {w}" for h, w in (declared, size))
            message = (
                f"the annotation is for {wanted} (height x width), the picture has {found}."
                " Annotate it again."
            )
            return self.error("picture-size", where, message, name)
        scene = Scene(name, str(path), where, size)
        self._splits.setdefault(split, []).append(scene)
        return scene

    def __contains__(self, name):
        return name in self._splits_of

    def error(self, kind, where, message, name=""):
        """Notes an error; training must leave out the picture `name`, or the place itself where none is known."""
        self.problems.append(Problem("error", kind, where, message, name or where))

    def unlisted(self, in_what):
        """Warns of pictures that lie among those of the data and that nothing lists."""
        folders = {os.path.dirname(name) for name in self._splits_of}
        found = [
            os.path.join(folder, entry.name)
            for folder in sorted(folders)
            if (self.root / folder).is_dir()
            for entry in sorted(os.scandir(self.root / folder), key=lambda e: e.name)
            if Path(entry.name).suffix.lower() in PICTURE_SUFFIXES
            and not entry.name.startswith(".")
        ]
        if left := [name for name in found if name not in self._splits_of]:
            message = (
                f"{len(left):,} pictures are in {in_what} and left out: {few(left)}. List them, or"
                " delete them."
            )
            self.note("warning", "unlisted", left[0], message)

    def note(self, severity, kind, where, message):
        self.problems.append(Problem(severity, kind, where, message))

    def data(self, source, format, labels=None):
        """All scenes as Data.

        labels: class names by id; None takes those of classes.txt, or where there is none the
        sorted names that occur. Raises PipelineError where there is no usable picture.
        """
        labels = labels or class_names(self.root)
        for split, scenes in self._splits.items() if labels else ():
            self._splits[split] = [scene for scene in scenes if self._is_known(scene, labels)]
        scenes = [scene for split in self._splits.values() for scene in split]
        if not scenes:
            first = (
                f" {self.problems[0].where}: {self.problems[0].message}" if self.problems else ""
            )
            raise PipelineError(f"{source} has no usable picture.{first}")
        background = [scene for scene in scenes if not scene.boxes]
        if background:
            message = (
                f"{len(background):,} of {len(scenes):,} pictures have no box: they count as"
                " background."
            )
            self.note("note", "background", background[0].where, message)
        if not labels:
            labels = sorted({label for scene in scenes for label in scene.labels})
        ids = {label: i for i, label in enumerate(labels)}
        parts = {
            split: _examples(self._splits[split], ids) for split in SPLITS if split in self._splits
        }
        return Data(
            str(source), format, cut_splits(parts), {"objects/label": list(labels)}, self.problems
        )

    def _is_known(self, scene, labels):
        """Whether all classes of a scene are among `labels`; the first that is not becomes a Problem."""
        for label, place in zip(scene.labels, scene.places, strict=True):
            if label not in labels:
                message = (
                    f"the class {label!r} is none of {few(labels)}. Correct it, or the list of"
                    " classes."
                )
                self.error("unknown-label", place, message, scene.name)
                return False
        return True


def class_names(folder):
    """The class names that `folder`/classes.txt lists, a line each, in the order of their ids; []
    without one.

    Raises PipelineError naming file and line.
    """
    file, names = Path(folder) / "classes.txt", []
    if not file.is_file():
        return []
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(f"{file} cannot be read as UTF-8 text. Save it as such.") from error
    for n, line in enumerate(lines, 1):
        if line.strip() in names:
            raise PipelineError(f"{file}:{n}: two classes are called {line.strip()!r}. Rename one.")
        names += [line.strip()] if line.strip() else []
    return names


def write_class_names(data, folder):
    """What `class_names` reads."""
    write_text(
        Path(folder) / "classes.txt", "".join(f"{name}\n" for name in data.labels["objects/label"])
    )


def few(names):
    """The first of some names, for a message."""
    return ", ".join(map(str, names[:5])) + (", ..." if len(names) > 5 else "")


@np.errstate(over="ignore")  # a box as far off as that becomes infinite, which the audit reports
def _examples(scenes, ids):
    scenes = sorted(scenes, key=lambda scene: scene.name)
    columns = {
        "image": [s.path for s in scenes],
        "objects/bbox": [np.array(s.boxes, np.float32).reshape(-1, 4) for s in scenes],
        "objects/label": [np.array([ids[label] for label in s.labels], np.int64) for s in scenes],
        "objects/is_crowd": [np.array(s.crowd, bool) for s in scenes],
        "objects/is_difficult": [np.array(s.difficult, bool) for s in scenes],
        "objects/where": [list(s.places) for s in scenes],
    }
    return Examples(
        [s.name for s in scenes], columns, [s.where for s in scenes], pictures=("image",)
    )


def picture_size(source):
    """(height, width) in pixels of an upright picture, a path or encoded bytes, out of its header.

    None where it has none that can be read.
    """
    try:
        with Image.open(
            io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS
        ) as picture:
            turned = picture.format == "JPEG" and picture.getexif().get(ORIENTATION, 1) >= 5
            return picture.size if turned else picture.size[::-1]
    except Exception:  # Pillow raises nearly anything on a damaged file; the audit says which
        return None


def objects(data):
    """Every picture of `data` with its objects, for writers: yields (split, name, picture, (height,
    width), objects).

    name: with the suffix of a picture; picture: its path or encoded bytes; objects: list of
    (box_yxyx in shares as floats, label id, is_crowd, is_difficult). Raises PipelineError where a
    picture cannot be read.
    """
    for split, examples in data.splits.items():
        c = examples.columns
        for i, name in enumerate(examples.names):
            count = len(c["objects/label"][i])
            flags = [c.get(f"objects/{flag}") for flag in ("is_crowd", "is_difficult")]
            crowd, difficult = (
                [False] * count if f is None else [bool(v) for v in f[i]] for f in flags
            )
            boxes = np.asarray(c["objects/bbox"][i], np.float64).reshape(-1, 4).tolist()
            ids = [int(v) for v in c["objects/label"][i]]
            picture = c["image"][i]
            size = picture_size(picture)
            if not size:
                raise PipelineError(
                    f"{examples.where[i]} is no picture that can be read. Leave it out."
                )
            if Path(name).suffix.lower() not in PICTURE_SUFFIXES:
                name += (
                    ".jpg" if isinstance(picture, bytes) and picture[:2] == b"\xff\xd8" else ".png"
                )
            yield split, name, picture, size, list(zip(boxes, ids, crowd, difficult, strict=True))


def place(picture, folder, name):
    """Puts a picture, a path or encoded bytes, at `name` in `folder`: a hard link where the disk
    allows it, or a copy.

    Raises PipelineError where there is such a file, or `name` leads out of the folder.
    """
    target = inside(folder, name)
    if target is None:
        raise PipelineError(f"the name {name!r} leads out of {folder}. Rename the example.")
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise PipelineError(f"{target} exists already. Write to an empty folder.")
    if isinstance(picture, bytes):
        return write_bytes(target, picture)
    try:
        os.link(picture, target)
    except OSError:
        shutil.copyfile(picture, target)
