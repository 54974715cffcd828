"""COCO JSON: annotations/instances_SPLIT.json, SPLIT/_annotations.coco.json, or one .json file beside its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.files import write_json
from pipelines.formats import _box_writers, _boxes, _cache, _coco_json
from pipelines.formats.examples import Data

ALSO = {"segmentation_mask": "coco_masks"}  # a feature that the files hold -> its format
FARTHEST = 1e9  # pixels; what lies beyond is no place


def detect(path: Path) -> bool:
    """Whether `path` is a JSON file with images and annotations, or a folder that has such files
    in one of COCO's places.
    """
    return _coco_json.detect(path)


def read(path: str | Path) -> Data:
    """Pictures with their boxes. Segments and key points are passed over.

    Raises PipelineError if a file is no COCO JSON, or if there is no usable picture.
    """
    path = _cache.placed(path)
    root = path if path.is_dir() else path.parent
    contents, problems = _coco_json.contents(path)
    scenes, names = _boxes.Scenes(root), _coco_json.names(contents)
    scenes.problems += problems
    for file, content in contents.items():
        reader = _Reader(scenes, file.relative_to(root).as_posix())
        reader.pictures(content, *_coco_json.split(file, root))
        reader.boxes(content)
    _note_skipped(scenes, next(iter(contents)), list(names))
    scenes.left_out(path, "no annotation file")
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


@dataclass(frozen=True)
class _Reader:
    """Gathers the scenes of one file. What is wrong becomes a Problem."""

    scenes: _boxes.Scenes
    shown: str  # the file, below the root
    names: dict[_coco_json.Id, str] = field(default_factory=dict)  # image id -> its file's name
    found: dict[_coco_json.Id, _boxes.Scene | None] = field(default_factory=dict)

    def pictures(self, content: _coco_json.Content, split: str, places: list[str]) -> None:
        """Makes a scene of each image. places: folders in which it may lie."""
        for i, row in enumerate(content["images"]):
            image, name, where = row["id"], row["file_name"], f"{self.shown}: images[{i}]"
            if image in self.names:
                # No one can tell to which of the two the annotations belong.
                message = f"the id {image} is also that of {self.names[image]!r}. Renumber."
                self._refuse(self.found[image], where, "conflict", message)
                continue
            self.names[image] = name
            self.found[image] = self.scenes.picture(
                str(name), split, where, _coco_json.declared(row), places
            )

    def boxes(self, content: _coco_json.Content) -> None:
        """Adds each annotation to its scene."""
        categories = dict(_coco_json.categories(content))
        for i, row in enumerate(content["annotations"]):
            where, fault = f"{self.shown}: annotations[{i}]", self._fault(row, categories)
            scene = self.found.get(row["image_id"])
            if fault:
                self._refuse(scene, where, *fault)
            elif scene:
                _add(scene, row, categories[row["category_id"]], where)

    def _refuse(self, scene: _boxes.Scene | None, where: str, kind: str, message: str) -> None:
        """Leaves out the picture of an annotation, or if it has none the annotation alone."""
        self.scenes.error(kind, where, message, scene.name if scene else where)

    def _fault(
        self, row: Mapping[str, Any], categories: Mapping[_coco_json.Id, str]
    ) -> tuple[str, str] | None:
        """Why an annotation cannot be used, as (kind, message), or None."""
        image, category, box = row["image_id"], row["category_id"], row.get("bbox")
        if image not in self.names:
            return "missing-image", _coco_json.NO_IMAGE.format(image)
        if category not in categories:
            known = _boxes.few(categories)
            message = f"there is no category {category!r}; there are {known}. Correct it."
            return "unknown-label", message
        if not _is_box(box):
            return "annotation", (
                f"bbox must be four finite numbers, x y width height in pixels; got {box!r}."
                " Correct it."
            )
        return None


def _add(scene: _boxes.Scene, row: Mapping[str, Any], label: str, where: str) -> None:
    """Adds an annotation without fault to its scene."""
    x, y, width, height = row["bbox"]
    box_yxyx = [y, x, y + height, x + width]
    is_crowd, is_difficult = row.get("iscrowd", 0) == 1, row.get("difficult", 0) == 1
    scene.add(box_yxyx, label, where, is_crowd, is_difficult)


def _is_box(box: Any) -> bool:
    return isinstance(box, list) and len(box) == 4 and all(map(_is_place, box))


def _is_place(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and abs(value) < FARTHEST
