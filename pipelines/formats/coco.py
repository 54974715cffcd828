"""COCO JSON: annotations/instances_SPLIT.json, SPLIT/_annotations.coco.json, or one .json file beside its pictures."""

import math
import os
import re
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.files import write_json
from pipelines.formats import _boxes, _coco_json
from pipelines.formats._coco_json import PARTS
from pipelines.formats.examples import SPLIT_NAMES, inside


def detect(path):
    """Whether `path` is a JSON file with images and annotations, or a folder with such files where COCO has them."""
    return any(_looks_right(file) for file in _files(path))


def read(path):
    """Pictures with their boxes: Path -> Data. Segments and key points are passed over.

    Raises PipelineError where a file is no COCO JSON, or where there is no usable picture.
    """
    path = Path(path).resolve()
    files = [file for file in _files(path) if _looks_right(file)]
    if not files:
        raise PipelineError(f"{path} holds no COCO JSON: a file with {', '.join(PARTS)}.")
    root = path if path.is_dir() else path.parent
    scenes, names = _boxes.Scenes(root), {}
    for file in files:
        shown = file.relative_to(root).as_posix()
        content = _content(file)
        for category in content["categories"]:
            name = names.setdefault(category["id"], category["name"])
            if name != category["name"]:
                raise PipelineError(f"{file}: category {category['id']} is {category['name']!r}, elsewhere {name!r}.")
        _read(scenes, content, shown, *_split(file, root))
    ids = sorted(names)
    if ids and ids[-1] - ids[0] >= len(ids):
        scenes.note(
            "note", "skipped-ids", shown, f"category ids skip: {len(ids)} in {ids[0]}..{ids[-1]}. They are renumbered."
        )
    labels = [names[i] for i in ids]
    if len(set(labels)) < len(labels):
        twice = next(name for name in labels if labels.count(name) > 1)
        raise PipelineError(f"{path}: two categories are called {twice!r}. Rename one.")
    return scenes.data(path, "coco", labels)


def write(data, folder):
    """Data with boxes -> the same as COCO JSON in `folder`: SPLIT/ with pictures, annotations/instances_SPLIT.json."""
    folder, parts = Path(folder), {}
    categories = [{"id": i, "name": name} for i, name in enumerate(data.labels["objects/label"], 1)]
    for split, name, path, (height, width), objects in _boxes.objects(data):
        part = parts.setdefault(split, {"images": [], "annotations": [], "categories": categories})
        part["images"].append({"id": len(part["images"]) + 1, "file_name": name, "height": height, "width": width})
        _boxes.link(path, folder / split / name)
        for (ymin, xmin, ymax, xmax), label, crowd, _ in objects:
            box = [xmin * width, ymin * height, (xmax - xmin) * width, (ymax - ymin) * height]
            part["annotations"].append(
                {
                    "id": len(part["annotations"]) + 1,
                    "image_id": len(part["images"]),
                    "category_id": label + 1,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": int(crowd),
                }
            )
    for split, part in parts.items():
        write_json(folder / "annotations" / f"instances_{split}.json", part)


def _files(path):
    """JSON files that may be COCO's, in the order of names."""
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    if not path.is_dir():
        return []
    found = sorted((path / "annotations").glob("*.json"))
    found = [f for f in found if f.name.startswith("instances")] or found
    return found or sorted(path.glob("*/_annotations.coco.json")) or sorted(path.glob("*.json"))


def _looks_right(file):
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return all(f'"{part}"' in text for part in PARTS[:2])


def _split(file, root):
    """(split, folders below the root in which its pictures may lie)."""
    word = file.stem.rpartition("_")[2] if file.parent.name.lower() not in SPLIT_NAMES else file.parent.name
    split = SPLIT_NAMES.get(re.sub(r"\d+$", "", word).lower(), "train")
    places = [file.parent, root, root / "images", root / word, root / "images" / word, root / split]
    return split, [p.relative_to(root).as_posix() for p in places if p.is_dir()]


def _content(file):
    """The parsed file, with what boxes need in each entry. Raises PipelineError naming the entry that lacks it."""
    content = _coco_json.content(file)
    for part, keys in zip(PARTS, (("id", "file_name"), ("image_id", "category_id"), ("id", "name")), strict=True):
        for i, row in enumerate(content[part]):
            if missing := [key for key in keys if not isinstance(row.get(key), (str, int))]:
                raise PipelineError(f"{file}: {part}[{i}] lacks {missing[0]!r}. Add it, or delete the entry.")
    return content


def _read(scenes, content, shown, split, places):
    found, listed = {}, {}
    for i, row in enumerate(content["images"]):
        where = f"{shown}: images[{i}]"
        if row["id"] in listed:
            scenes.error(
                "conflict", where, f"the id {row['id']} is that of {listed[row['id']]!r} too. Renumber.", where
            )
            continue
        listed[row["id"]] = row["file_name"]
        sides = [row.get("height"), row.get("width")]
        declared = tuple(sides) if all(isinstance(s, int) and s > 0 for s in sides) else None
        found[row["id"]] = scenes.picture(_placed(scenes.root, str(row["file_name"]), places), split, where, declared)
    names = {row["id"]: row["name"] for row in content["categories"]}
    for i, row in enumerate(content["annotations"]):
        where = f"{shown}: annotations[{i}]"
        scene = found.get(row["image_id"])
        name = scene.name if scene else where
        if row["image_id"] not in listed:
            message = f"there is no image with the id {row['image_id']!r}. Delete the annotation, or add the image."
            scenes.error("missing-image", where, message, where)
        elif row["category_id"] not in names:
            message = f"there is no category {row['category_id']!r}; there are {_few(names)}. Correct it."
            scenes.error("unknown-label", where, message, name)
        elif not _four(row.get("bbox")):
            message = (
                f"bbox must be four finite numbers, x y width height in pixels; got {row.get('bbox')!r}. Correct it."
            )
            scenes.error("annotation", where, message, name)
        elif scene:
            x, y, width, height = row["bbox"]
            box = [y, x, y + height, x + width]
            scene.add(box, names[row["category_id"]], where, is_crowd=row.get("iscrowd", 0) == 1)


def _placed(root, name, places):
    """`name` in the first of the folders that has it; in the first of all where none has."""
    options = [os.path.join(place, name) if place != "." else name for place in places]
    for option in options:
        try:
            path = inside(root, option)
            if path is not None and path.is_file():
                return option
        except (OSError, ValueError, RuntimeError):
            break
    return options[0]


def _four(box):
    return (
        isinstance(box, list)
        and len(box) == 4
        and all(isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v) for v in box)
    )


def _few(names):
    ids = sorted(names, key=str)
    return ", ".join(map(str, ids[:10])) + (", ..." if len(ids) > 10 else "")
