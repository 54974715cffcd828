"""What the readers of boxes share: pictures with objects, gathered in any order, become Examples."""

import math
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from pipelines.edge.pictures import FORMATS
from pipelines.errors import PipelineError
from pipelines.formats.examples import SPLITS, Data, Examples, Problem, cut_splits, inside

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
        self.add_share([v / s for v, s in zip(box_yxyx, (height, width) * 2, strict=True)], label, where)
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
        """A new Scene of the picture at `relative`, or None where it cannot be used, which then is a Problem.

        declared: (height, width) that the annotation claims, pixels, or None.
        """
        try:
            path = inside(self.root, relative)
            if path is None:
                return self.error("outside", where, f"{relative!r} lies outside of the data. Copy the picture into it.")
            name = Path(relative).as_posix() if ".." not in relative else path.relative_to(self.root).as_posix()
            if not path.is_file():
                return self.error("missing-file", where, f"there is no picture {relative!r}. Restore it.", name)
        except (OSError, ValueError, RuntimeError) as error:  # a NUL, a name that is too long, links in a circle
            return self.error("missing-file", where, f"{relative!r} is no path: {error}.")
        if name in self._splits_of:
            other, at = self._splits_of[name]
            kind = "leak" if other != split else "conflict"
            return self.error(kind, where, f"{name!r} is listed already at {at}, in {other}. Keep one of them.", name)
        self._splits_of[name] = (split, where)
        size = picture_size(path) or declared
        if not size:
            return self.error("unreadable", where, f"{name!r} is no picture that can be read. Restore it.", name)
        if declared and tuple(declared) != size:
            wanted, found = (f"{h} x {w}" for h, w in (declared, size))
            message = f"the annotation is for {wanted} (height x width), the picture has {found}. Annotate it again."
            return self.error("picture-size", where, message, name)
        scene = Scene(name, str(path), where, size)
        self._splits.setdefault(split, []).append(scene)
        return scene

    def __contains__(self, name):
        return name in self._splits_of

    def error(self, kind, where, message, name=""):
        """Notes an error; training must leave out the picture `name`, or the place itself where none is known."""
        self.problems.append(Problem("error", kind, where, message, name or where))

    def note(self, severity, kind, where, message):
        self.problems.append(Problem(severity, kind, where, message))

    def data(self, source, format, labels=None):
        """All scenes as Data. labels: class names by id; None takes the sorted names that occur.

        Raises PipelineError where there is no usable picture.
        """
        scenes = [scene for split in self._splits.values() for scene in split]
        if not scenes:
            first = f" {self.problems[0].where}: {self.problems[0].message}" if self.problems else ""
            raise PipelineError(f"{source} has no usable picture.{first}")
        background = [scene for scene in scenes if not scene.boxes]
        if background:
            message = f"{len(background):,} of {len(scenes):,} pictures have no box: they count as background."
            self.note("note", "background", background[0].where, message)
        if not labels:
            labels = sorted({label for scene in scenes for label in scene.labels})
        ids = {label: i for i, label in enumerate(labels)}
        parts = {split: _examples(self._splits[split], ids) for split in SPLITS if split in self._splits}
        return Data(str(source), format, cut_splits(parts), {"objects/label": list(labels)}, self.problems)


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
    return Examples([s.name for s in scenes], columns, [s.where for s in scenes], pictures=("image",))


def picture_size(path):
    """(height, width) in pixels of an upright picture, out of its header; None where it has none that can be read."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            turned = picture.format == "JPEG" and picture.getexif().get(ORIENTATION, 1) >= 5
            return picture.size if turned else picture.size[::-1]
    except Exception:  # Pillow raises nearly anything on a damaged file; the audit says which
        return None


def objects(data):
    """Every picture of `data` with its objects, for writers: yields (split, name, path, (height, width), objects).

    objects: list of (box_yxyx in shares as floats, label id, is_crowd, is_difficult).
    """
    for split, examples in data.splits.items():
        c = examples.columns
        for i, name in enumerate(examples.names):
            count = len(c["objects/label"][i])
            flags = [c.get(f"objects/{flag}") for flag in ("is_crowd", "is_difficult")]
            crowd, difficult = ([False] * count if f is None else [bool(v) for v in f[i]] for f in flags)
            boxes = np.asarray(c["objects/bbox"][i], np.float64).reshape(-1, 4).tolist()
            ids = [int(v) for v in c["objects/label"][i]]
            path = c["image"][i]
            yield split, name, path, picture_size(path), list(zip(boxes, ids, crowd, difficult, strict=True))


def link(path, target):
    """Puts the picture `path` at `target`: a hard link where the disk allows it, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, target)
    except FileExistsError as error:
        raise PipelineError(f"{target} exists already. Write to an empty folder.") from error
    except OSError:
        shutil.copyfile(path, target)
