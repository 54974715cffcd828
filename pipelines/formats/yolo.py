"""YOLO: images/ and labels/ with one .txt a picture (class, centre x y, width, height as shares), and a data.yaml."""

import math
import os
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.files import read_yaml, write_text, write_yaml
from pipelines.formats import _boxes
from pipelines.formats.examples import PICTURE_SUFFIXES, SPLIT_NAMES, Problem, inside

YAML = ("data.yaml", "data.yml", "dataset.yaml")
MOST = 10_000  # classes without names; a larger id is no class
SLACK = 1e-2  # shares that rounding may put a box beyond the picture


def detect(path):
    """Whether `path` is a data.yaml with names, or a folder with one, or with images and labels of text files."""
    if path.is_file():
        return path.suffix.lower() in (".yaml", ".yml") and "names" in path.read_text(
            errors="replace"
        )
    if any((path / name).is_file() for name in YAML):
        return True
    return (path / "images").is_dir() and any((path / "labels").rglob("*.txt"))


def read(path):
    """Pictures with their boxes: Path -> Data. A picture without a .txt, or with an empty one, is
    background.

    Raises PipelineError where data.yaml cannot be used, or where there is no usable picture.
    """
    path = Path(path).resolve()
    file = (
        path
        if path.is_file()
        else next((path / name for name in YAML if (path / name).is_file()), None)
    )
    root = path if path.is_dir() else path.parent
    listed = _boxes.class_names(root) or _boxes.class_names(root / "labels")
    labels, folders = _described(file, root) if file else (listed, _found(root))
    if not folders:
        raise PipelineError(
            f"{file or root} names no folder of pictures that exists. Write train: images/train."
        )
    scenes, ids = _boxes.Scenes(root), []
    for split, names in folders.items():
        for name, where in names:
            _picture(scenes, name, where, split, labels, ids)
        others = {where.rpartition(":")[0] for _, where in names} | {
            "classes.txt"
        }  # lists of pictures, and of classes
        _alone(scenes, {os.path.dirname(name) for name, _ in names}, others)
    if ids and min(ids)[0] >= 1:
        _from_one(scenes, ids, labels)
    labels = labels or [str(i) for i in range(max(ids, default=(-1,))[0] + 1)]
    return scenes.data(path, "yolo", labels)


def _from_one(scenes, ids, labels):
    """Notes that no box has the class 0. ids: [(class id, file:line)]; labels: class names, or []
    where none are known.

    With ids up to the number of names they count from 1, and every class is the one before.
    """
    last, (first, where) = max(ids)[0], min(ids)
    said = f"class ids run from {first} to {last}, and YOLO counts from 0"
    if last == len(labels):
        scenes.problems.insert(
            0, Problem("error", "one-based", where, f"{said}. Subtract 1 in all files.")
        )
    else:
        message = (
            f"{said}: no box is {labels[0] if labels else '0'!r}. Subtract 1 in all files if they"
            " count from 1."
        )
        scenes.note("warning", "one-based", where, message)


def write(data, folder):
    """Data with boxes -> YOLO in `folder`: images/SPLIT, labels/SPLIT, data.yaml.

    Raises PipelineError where an object is marked as crowd or difficult, for which YOLO has no
    place.
    """
    folder, splits = Path(folder), []
    for split, name, picture, _, objects in _boxes.objects(data):
        splits += [split] if split not in splits else []
        _boxes.place(picture, folder / "images" / split, name)
        lines = []
        for (ymin, xmin, ymax, xmax), label, *marks in objects:
            if any(marks):
                raise PipelineError(
                    f"{name} has an object that is crowd or difficult, which YOLO cannot say. Write"
                    " COCO or Pascal VOC."
                )
            lines.append(
                f"{label} {(xmin + xmax) / 2!r} {(ymin + ymax) / 2!r} {xmax - xmin!r}"
                f" {ymax - ymin!r}\n"
            )
        write_text((folder / "labels" / split / name).with_suffix(".txt"), "".join(lines))
    keys = {"validation": "val"}
    write_yaml(
        folder / "data.yaml",
        {
            **{keys.get(s, s): f"images/{s}" for s in splits},
            "names": dict(enumerate(data.labels["objects/label"])),
        },
    )


def _described(file, root):
    """data.yaml -> (class names, {split: [(picture, where it is listed)]})."""
    values = read_yaml(file)
    names = values.get("names")
    if isinstance(names, dict):
        if sorted(names) != list(range(len(names))):
            raise PipelineError(
                f"{file}: names must be numbered 0 to {len(names) - 1} without a gap."
            )
        names = [names[i] for i in range(len(names))]
    if not isinstance(names, list) or not names:
        raise PipelineError(
            f"{file} has no names. Write names: [cat, dog], in the order of their ids."
        )
    names = [str(name) for name in names]
    if twice := [name for name in names if names.count(name) > 1]:
        raise PipelineError(f"{file}: two classes are called {twice[0]!r}. Rename one.")
    if "nc" in values and values["nc"] != len(names):
        raise PipelineError(
            f"{file}: nc is {values['nc']}, and there are {len(names)} names. Correct one of them."
        )
    base, found = str(values.get("path") or "."), {}
    for key, split in SPLIT_NAMES.items():
        for place in values.get(key) if isinstance(values.get(key), list) else [values.get(key)]:
            if place:
                found.setdefault(split, []).extend(
                    _pictures(root, _within(root, base, str(place), file), file)
                )
    return names, found


def _within(root, base, place, file):
    """A place that data.yaml names, relative to the root. Raises PipelineError where it leads out of it."""
    # Roboflow writes ../train/images and means the folder beside the file; many write a path of
    # their own machine.
    for option in (os.path.join(base, place), place, place.removeprefix("../")):
        path = inside(root, option)
        if path is not None and path.exists():
            return path
    if inside(root, os.path.join(base, place)) is None:
        raise PipelineError(
            f"{file}: {place!r} leads out of the data. Copy the pictures beside the file."
        )
    raise PipelineError(
        f"{file}: there is no {place!r}. Correct the path; it is relative to the file."
    )


def _pictures(root, path, file):
    """Pictures of a folder and of those in it, or those that a .txt lists."""
    if path.is_dir():
        return [
            (p.relative_to(root).as_posix(), p.relative_to(root).as_posix())
            for p in sorted(path.rglob("*"))
            if p.suffix.lower() in PICTURE_SUFFIXES and not p.name.startswith(".")
        ]
    shown = path.relative_to(root).as_posix()
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [
        (os.path.normpath(line.strip()), f"{shown}:{i}")
        for i, line in enumerate(lines, 1)
        if line.strip()
    ]


def _found(root):
    """Folders without a data.yaml: images/SPLIT, or images alone."""
    inner = {
        p: SPLIT_NAMES.get(p.name.lower())
        for p in sorted((root / "images").iterdir())
        if p.is_dir()
    }
    found = {}
    for folder, split in inner.items():
        if split:
            found.setdefault(split, []).extend(_pictures(root, folder, None))
    return found or {"train": _pictures(root, root / "images", None)}


def _label_file(name):
    """The .txt of a picture: the last folder called images becomes labels."""
    parts = list(Path(name).with_suffix(".txt").parts)
    for i in range(len(parts) - 2, -1, -1):
        if parts[i] == "images":
            parts[i] = "labels"
            break
    return Path(*parts).as_posix()


def _picture(scenes, name, where, split, labels, ids):
    shown, rows = _label_file(name), []
    try:
        file = inside(scenes.root, shown)
        if file is None and inside(scenes.root, name):
            return scenes.error(
                "outside", shown, "this link leads out of the data. Copy the file here.", name
            )
        is_there = file is not None and file.is_file()
    except (OSError, ValueError, RuntimeError):
        is_there = False  # no path at all, which `picture` reports
    if is_there:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return scenes.error(
                "annotation", shown, "this file is no UTF-8 text. Restore or delete it.", name
            )
        for i, line in enumerate(lines, 1):
            if line.strip():
                try:
                    rows.append((*_row(line.split(), len(labels)), f"{shown}:{i}"))
                except ValueError as error:
                    scenes.error("annotation", f"{shown}:{i}", f"{error}.", name)
                    rows = None
                    break
    if rows is None:
        return None
    ids += [(label, place) for label, _, place in rows]
    if labels and (wrong := [row for row in rows if row[0] >= len(labels)]):
        hint = "; YOLO counts from 0" if wrong[0][0] == len(labels) else ""
        message = (
            f"class {wrong[0][0]} is none of the {len(labels)}, 0 to {len(labels) - 1}{hint}."
            " Correct it."
        )
        return scenes.error("unknown-label", wrong[0][2], message, name)
    scene = scenes.picture(name, split, where)
    for label, box, place in rows if scene else ():
        scene.add_share(box, labels[label] if labels else str(label), place)
    return scene


def _row(cells, classes):
    """The cells of a line -> (class id, box yxyx in shares). Raises ValueError with what to do."""
    if len(cells) != 5:
        polygon = " Polygons are for segmentation" if len(cells) >= 7 and len(cells) % 2 else ""
        raise ValueError(
            "a line has five numbers, class x y width height; this one has"
            f" {len(cells)}.{polygon or ' Correct it'}"
        )
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        raise ValueError(f"a line has five numbers; got {' '.join(cells)!r}. Correct it") from None
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"a number is not finite: {' '.join(cells)!r}. Correct it")
    label, x, y, width, height = numbers
    if label != int(label) or label < 0 or not classes and label >= MOST:
        raise ValueError(f"the class must be a whole number from 0; got {cells[0]!r}. Correct it")
    if max(x, y, width, height) > 1 + SLACK or min(x, y) < -SLACK:
        raise ValueError(
            f"coordinates are shares of the picture, 0 to 1; got {' '.join(cells[1:])!r}. Divide"
            " pixels by its sides"
        )
    return int(label), [y - height / 2, x - width / 2, y + height / 2, x + width / 2]


def _alone(scenes, folders, others):
    """Label files without a picture, in the folders that belong to those of pictures. others: files of another kind."""
    for folder in sorted(folders):
        labels = inside(
            scenes.root, _label_file(os.path.join(folder, "x.jpg")).rpartition("/")[0] or "."
        )
        for file in sorted(labels.glob("*.txt")) if labels and labels.is_dir() else ():
            stem, shown = os.path.join(folder, file.stem), file.relative_to(scenes.root).as_posix()
            if not {shown, file.name} & others and not any(
                f"{stem}{end}" in scenes or (scenes.root / f"{stem}{end}").exists()
                for suffix in PICTURE_SUFFIXES
                for end in (suffix, suffix.upper())
            ):
                scenes.error(
                    "missing-image",
                    shown,
                    "there is no picture to these labels. Restore it, or delete the file.",
                )
