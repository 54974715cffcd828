"""COCO JSON: annotations/instances_SPLIT.json, SPLIT/_annotations.coco.json, or one .json file beside its pictures."""

from pathlib import Path

from pipelines.files import write_json
from pipelines.formats import _boxes, _coco_json

ALSO = {
    "segmentation_mask": "coco_masks"
}  # a feature that the same files hold -> the format that reads it
FARTHEST = 1e9  # pixels; what lies beyond is no place


def detect(path):
    """Whether `path` is a JSON file with images and annotations, or a folder with such files where COCO has them."""
    return _coco_json.detect(path)


def read(path):
    """Pictures with their boxes: Path -> Data. Segments and key points are passed over.

    Raises PipelineError where a file is no COCO JSON, or where there is no usable picture.
    """
    path = Path(path).resolve()
    root, contents = path if path.is_dir() else path.parent, _coco_json.contents(path)
    scenes, names = _boxes.Scenes(root), _coco_json.names(contents)
    for file, content in contents.items():
        _read(scenes, content, file.relative_to(root).as_posix(), *_coco_json.split(file, root))
    ids = [i for i in names if isinstance(i, int)]
    if ids and ids[-1] - ids[0] >= len(ids):
        shown = next(iter(contents)).relative_to(root).as_posix()
        message = f"category ids skip: {len(ids)} in {ids[0]}..{ids[-1]}. They are renumbered."
        scenes.note("note", "skipped-ids", shown, message)
    scenes.unlisted("no annotation file")
    return scenes.data(path, "coco", list(names.values()))


def write(data, folder):
    """Data with boxes -> the same as COCO JSON in `folder`: SPLIT/ with pictures, annotations/instances_SPLIT.json."""
    folder, parts = Path(folder), {}
    categories = [{"id": i, "name": name} for i, name in enumerate(data.labels["objects/label"], 1)]
    for split, name, picture, (height, width), objects in _boxes.objects(data):
        part = parts.setdefault(split, {"images": [], "annotations": [], "categories": categories})
        part["images"].append(
            {"id": len(part["images"]) + 1, "file_name": name, "height": height, "width": width}
        )
        _boxes.place(picture, folder / split, name)
        for (ymin, xmin, ymax, xmax), label, crowd, difficult in objects:
            box = [xmin * width, ymin * height, (xmax - xmin) * width, (ymax - ymin) * height]
            part["annotations"].append(
                {
                    "id": len(part["annotations"]) + 1,
                    "image_id": len(part["images"]),
                    "category_id": label + 1,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": int(crowd),
                    **({"difficult": 1} if difficult else {}),
                }
            )
    for split, part in parts.items():
        write_json(folder / "annotations" / f"instances_{split}.json", part)


def _read(scenes, content, shown, split, places):
    found, listed = {}, {}
    for i, row in enumerate(content["images"]):
        where = f"{shown}: images[{i}]"
        if row["id"] in listed:
            scenes.error(
                "conflict",
                where,
                f"the id {row['id']} is that of {listed[row['id']]!r} too. Renumber.",
                where,
            )
            continue
        listed[row["id"]] = row["file_name"]
        sides = [row.get("height"), row.get("width")]
        declared = tuple(sides) if all(isinstance(s, int) and s > 0 for s in sides) else None
        found[row["id"]] = scenes.picture(
            _coco_json.placed(scenes.root, str(row["file_name"]), places), split, where, declared
        )
    names = {row["id"]: str(row["name"]) for row in content["categories"]}
    for i, row in enumerate(content["annotations"]):
        where = f"{shown}: annotations[{i}]"
        scene = found.get(row["image_id"])
        name = scene.name if scene else where
        if row["image_id"] not in listed:
            message = (
                f"there is no image with the id {row['image_id']!r}. Delete the annotation, or add"
                " the image."
            )
            scenes.error("missing-image", where, message, where)
        elif row["category_id"] not in names:
            message = (
                f"there is no category {row['category_id']!r}; there are {_boxes.few(list(names))}."
                " Correct it."
            )
            scenes.error("unknown-label", where, message, name)
        elif not _four(row.get("bbox")):
            message = (
                "bbox must be four finite numbers, x y width height in pixels; got"
                f" {row.get('bbox')!r}. Correct it."
            )
            scenes.error("annotation", where, message, name)
        elif scene:
            x, y, width, height = row["bbox"]
            box = [y, x, y + height, x + width]
            crowd, difficult = (row.get(mark, 0) == 1 for mark in ("iscrowd", "difficult"))
            scene.add(box, names[row["category_id"]], where, crowd, difficult)


def _four(box):
    return (
        isinstance(box, list)
        and len(box) == 4
        and all(
            isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) < FARTHEST
            for v in box
        )
    )
