"""COCO JSON: annotations/instances_SPLIT.json, SPLIT/_annotations.coco.json, or one .json file
beside its pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.files import write_json
from pipelines.formats import _box_writers, _boxes, _coco_json, _coco_scenes
from pipelines.formats.examples import Data

# A feature that the files hold -> its format.
ALSO = {"segmentation_mask": "coco_masks", "label": "coco_labels"}


def detect(path: Path) -> bool:
    """Whether `path` is a JSON file with images and annotations, or a folder that has such files
    in one of COCO's places.
    """
    return _coco_json.detect(path)


def read(path: str | Path) -> Data:
    """Pictures with their boxes. Segments and key points are passed over.

    Raises PipelineError if a file is no COCO JSON, or if there is no usable picture.
    """
    path, scenes, contents = _coco_scenes.gathered(path, _coco_scenes.Reader.boxes)
    names = _coco_json.names(contents)
    _note_skipped(scenes, next(iter(contents)), list(names))
    return scenes.data(path, "coco", list(names.values()))


def _note_skipped(scenes: _boxes.Scenes, file: Path, categories: Sequence[_coco_json.Id]) -> None:
    """Notes ids that do not follow one another, by the first file. categories: in their order."""
    ids = [category for category in categories if isinstance(category, int)]
    if ids and ids[-1] - ids[0] >= len(ids):
        shown = file.relative_to(scenes.root).as_posix()
        message = f"category ids skip: {len(ids)} in {ids[0]}..{ids[-1]}. They are renumbered."
        scenes.note("note", "skipped-ids", shown, message)


def write(data: Data, folder: str | Path) -> None:
    """Data with boxes -> the same as COCO JSON in `folder`: SPLIT/ with pictures,
    annotations/instances_SPLIT.json.
    """
    folder = Path(folder)
    parts: dict[str, _coco_json.Content] = {}
    names = data.labels["objects/label"]
    categories = [{"id": i, "name": name} for i, name in enumerate(names, 1)]
    for picture in _box_writers.objects(data):
        part = parts.setdefault(
            picture.split, {"images": [], "annotations": [], "categories": categories}
        )
        height, width = picture.size
        image = len(part["images"]) + 1
        part["images"].append(
            {"id": image, "file_name": picture.name, "height": height, "width": width}
        )
        _box_writers.place(picture.source, folder / picture.split, picture.name)
        for item in picture.objects:
            row = {"id": len(part["annotations"]) + 1, "image_id": image}
            part["annotations"].append(row | _annotation(item, picture.size))
    for split, part in parts.items():
        write_json(folder / "annotations" / f"instances_{split}.json", part)


def _annotation(item: _box_writers.Object, size: _boxes.Size) -> dict[str, Any]:
    ymin, xmin, ymax, xmax = item.box_yxyx
    height, width = size
    box = [xmin * width, ymin * height, (xmax - xmin) * width, (ymax - ymin) * height]
    row = {"category_id": item.label + 1, "bbox": box, "area": box[2] * box[3]}
    row["iscrowd"] = int(item.is_crowd)
    return row | ({"difficult": 1} if item.is_difficult else {})
