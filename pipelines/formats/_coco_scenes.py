"""The pictures of COCO JSON files with their annotations, as scenes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.formats import _boxes, _cache, _coco_json

FARTHEST = 1e9  # pixels; what lies beyond is no place

# (its picture, or None if that cannot be used, the annotation, its category, its place)
Annotation = tuple[_boxes.Scene | None, dict[str, Any], str, str]


def gathered(
    path: str | Path, annotations: "Callable[[Reader, _coco_json.Content], None]"
) -> tuple[Path, _boxes.Scenes, dict[Path, _coco_json.Content]]:
    """(where the data lies, its scenes, {file: what it holds}) of a .json file or a folder of them.

    annotations: the method of `Reader` that adds those of a file. Raises PipelineError if a file is
    no COCO JSON.
    """
    path = _cache.placed(path)
    root = path if path.is_dir() else path.parent
    contents, problems = _coco_json.contents(path)
    scenes = _boxes.Scenes(root)
    scenes.problems += problems
    for file, content in contents.items():
        reader = Reader(scenes, file.relative_to(root).as_posix())
        reader.pictures(content, *_coco_json.split(file, root))
        annotations(reader, content)
    scenes.left_out(path, "no annotation file")
    return path, scenes, contents


@dataclass(frozen=True)
class Reader:
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
        for scene, row, label, where in self._annotations(content):
            box = row.get("bbox")
            if not _is_box(box):
                message = (
                    "bbox must be four finite numbers, x y width height in pixels; got"
                    f" {box!r}. Correct it."
                )
                self._refuse(scene, where, "annotation", message)
            elif scene:
                _add(scene, row, label, where)

    def labels(self, content: _coco_json.Content) -> None:
        """Adds the category of each annotation to its scene, whether it has a box or not."""
        for scene, _, label, where in self._annotations(content):
            if scene:
                scene.labels.append(label)
                scene.places.append(where)

    def _annotations(self, content: _coco_json.Content) -> Iterator[Annotation]:
        """Yields what has a picture and a category; what lacks one is refused."""
        categories = dict(_coco_json.categories(content))
        for i, row in enumerate(content["annotations"]):
            where, fault = f"{self.shown}: annotations[{i}]", self._fault(row, categories)
            scene = self.found.get(row["image_id"])
            if fault:
                self._refuse(scene, where, *fault)
            else:
                yield scene, row, categories[row["category_id"]], where

    def _refuse(self, scene: _boxes.Scene | None, where: str, kind: str, message: str) -> None:
        """Leaves out the picture of an annotation, or if it has none the annotation alone."""
        self.scenes.error(kind, where, message, scene.name if scene else where)

    def _fault(
        self, row: Mapping[str, Any], categories: Mapping[_coco_json.Id, str]
    ) -> tuple[str, str] | None:
        """Why an annotation cannot be used, as (kind, message), or None."""
        image, category = row["image_id"], row["category_id"]
        if image not in self.names:
            return "missing-image", _coco_json.NO_IMAGE.format(image)
        if category not in categories:
            known = _boxes.few(categories)
            message = f"there is no category {category!r}; there are {known}. Correct it."
            return "unknown-label", message
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
