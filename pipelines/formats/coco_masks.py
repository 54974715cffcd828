"""COCO JSON with polygons or RLE, as a class per pixel: what tasks of masks read of files whose
boxes `coco` reads."""

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from pipelines.errors import PipelineError
from pipelines.formats import _boxes, _cache, _coco_json, _left_out
from pipelines.formats._paths import Paths
from pipelines.formats.examples import (
    IGNORE,
    Data,
    Examples,
    Problem,
    Unusable,
    cut_splits,
    reason,
)

FEATURE = "segmentation_mask"
BACKGROUND = "background"


Item = tuple[str, dict[str, Any]]  # (where, annotation)


class Row(NamedTuple):
    """One picture and its mask as PNG."""

    name: str
    picture: str
    mask: bytes
    where: str


def detect(path: Path) -> bool:
    """Never: COCO's files are found as boxes, and this is another way to read them; see `ALSO` of
    coco.py.
    """
    return False


def read(path: str | Path) -> Data:
    """Pictures with masks painted from their segments: a .json file, or a folder with such files ->
    Data.

    Class 0 is the background, the categories follow in the order of their ids. If segments
    overlap, the smaller one lies on top; a crowd is ignored. Raises PipelineError if a file is
    no COCO JSON, or if there is no usable picture.
    """
    path = _cache.placed(path)
    root = path if path.is_dir() else path.parent
    contents, problems = _coco_json.contents(path)
    names = _coco_json.names(contents)
    if len(names) >= IGNORE:
        raise PipelineError(
            f"{path} has {len(names)} categories; a mask holds at most {IGNORE - 1}."
        )
    ids = {category: i for i, category in enumerate(names, 1)}
    taken: dict[str, str] = {}
    paths = Paths(root)
    splits: dict[str, list[Row]] = {}
    for file, content in contents.items():
        split, places = _coco_json.split(file, root)
        shown = file.relative_to(root).as_posix()
        reader = _Reader(paths, taken, shown, places, ids, problems)
        splits.setdefault(split, []).extend(reader.rows(content))
    if path.is_dir():
        problems += _left_out.pictures(root, map(root.joinpath, taken), problems)
    if not any(splits.values()):
        raise PipelineError(f"{path} has no usable picture.{reason(problems)}")
    parts = cut_splits({split: _examples(sorted(rows)) for split, rows in splits.items()})
    labels = {FEATURE: [BACKGROUND, *names.values()]}
    return Data(str(path), "coco_masks", parts, labels, problems)


def painted(size: _boxes.Size, segments: Sequence[tuple[int, Any]]) -> np.ndarray:
    """Segments as class ids: ((height, width), [(id, COCO segmentation)]) -> uint8 (H, W); larger
    ones lie below.

    Raises ValueError if a segmentation is neither polygons nor RLE of that size.
    """
    layers = [(i, _layer(segmentation, size)) for i, segmentation in segments]
    layers.sort(key=_area, reverse=True)
    mask = np.zeros(size, np.uint8)
    for i, layer in layers:
        mask[layer] = i
    return mask


def _area(item: tuple[int, np.ndarray]) -> int:
    return item[1].sum()


def counts(rle: str) -> list[int]:
    """The run lengths of COCO's compressed RLE.

    Five bits a character from 48 on, the sixth for more, signed; from the third on a length is the
    difference to the one two before (pycocotools, maskApi.c, rleFrString).
    """
    lengths: list[int] = []
    for difference in _differences(rle):
        before = lengths[-2] if len(lengths) > 2 else 0
        lengths.append(difference + before)
    return lengths


def _differences(rle: str) -> Iterator[int]:
    """Yields the signed numbers of COCO's compressed RLE."""
    value = shift = 0
    for character in rle:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise ValueError("the RLE text is damaged")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            yield value - (1 << shift if bits & 16 else 0)
            value = shift = 0
    if shift:
        raise ValueError("the RLE text is damaged")


def _layer(segmentation: Any, size: _boxes.Size) -> np.ndarray:
    """One segmentation -> bool (H, W)."""
    if isinstance(segmentation, dict):
        return _runs(segmentation, size)
    if not _is_polygons(segmentation):
        raise ValueError("it has neither polygons nor RLE")
    height, width = size
    layer = Image.new("1", (width, height))
    for polygon in segmentation:
        ImageDraw.Draw(layer).polygon(_points(polygon), fill=1)
    return np.asarray(layer)


def _runs(rle: Mapping[str, Any], size: _boxes.Size) -> np.ndarray:
    """RLE -> bool (H, W)."""
    lengths = _lengths(rle, size)
    if min(lengths, default=0) < 0 or sum(lengths) != size[0] * size[1]:
        raise ValueError("its RLE does not fill the picture")
    runs = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    return runs.reshape(size[::-1]).T  # by columns


def _lengths(rle: Mapping[str, Any], size: _boxes.Size) -> list[int]:
    """The run lengths of an RLE."""
    lengths, said = rle.get("counts"), rle.get("size", ())
    if list(said) != list(size) or not isinstance(lengths, (list, str)):
        raise ValueError(f"its RLE is for {rle.get('size')}, the picture has {list(size)}")
    return counts(lengths) if isinstance(lengths, str) else lengths


def _is_polygons(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_polygon, value))


def _is_polygon(value: Any) -> bool:
    return isinstance(value, list) and len(value) % 2 == 0


def _points(polygon: list[float]) -> list[tuple[float, float]]:
    """COCO's x y x y ..., which count from the corner of a pixel -> [(x, y)] from its centre."""
    points = np.asarray(polygon, np.float64).reshape(-1, 2) - 0.5
    if len(points) < 3 or not np.isfinite(points).all():
        raise ValueError("a polygon has fewer than three points, or one that is no number")
    return list(map(tuple, points))


@dataclass(frozen=True)
class _Reader:
    """Reads one file. What is wrong goes to `problems`."""

    paths: Paths
    taken: dict[str, str]  # name of a picture -> where it is listed
    shown: str  # the file, below the root
    places: list[str]  # folders in which its pictures may lie
    ids: Mapping[_coco_json.Id, int]  # category -> class
    problems: list[Problem]

    def rows(self, content: _coco_json.Content) -> list[Row]:
        """The pictures that can be used."""
        rows: list[Row] = []
        by_image: dict[_coco_json.Id, list[Item]] = {}
        for i, annotation in enumerate(content["annotations"]):
            item = f"{self.shown}: annotations[{i}]", annotation
            by_image.setdefault(annotation["image_id"], []).append(item)
        counts = Counter(image["id"] for image in content["images"])
        for i, image in enumerate(content["images"]):
            where, annotations = f"{self.shown}: images[{i}]", by_image.get(image["id"], [])
            try:
                self._check_id(image, counts)
                rows.append(self._row(where, image, annotations))
            except Unusable as bad:
                self.problems.append(bad.problem(where))
        for missing in sorted(by_image.keys() - counts.keys(), key=str):
            self._note_alone(missing, by_image[missing])
        return rows

    def _check_id(self, image: Mapping[str, Any], counts: Mapping[_coco_json.Id, int]) -> None:
        """Raises Unusable if other images have this id: whose the annotations are is unknown."""
        if counts[image["id"]] > 1:
            message = f"{counts[image['id']]} images have the id {image['id']}. Renumber."
            raise Unusable("conflict", message)

    def _row(self, where: str, image: Mapping[str, Any], annotations: Sequence[Item]) -> Row:
        """One picture with its mask. Raises Unusable."""
        name = self.paths.name(str(image["file_name"]), self.places)
        if name in self.taken:
            message = f"{name!r} is listed already at {self.taken[name]}. Keep one of them."
            raise Unusable("conflict", message, where, name)
        self.taken[name] = where
        picture = self.paths.root / name
        size = _boxes.checked_size(name, picture, _coco_json.declared(image))
        segments = [self._segment(item, size, name) for item in annotations]
        return Row(name, str(picture), _encoded(painted(size, segments)), where)

    def _segment(self, item: Item, size: _boxes.Size, name: str) -> tuple[int, Any]:
        """(class id, COCO segmentation) of an annotation that can be painted."""
        where, annotation = item
        try:
            segment = self._class_id(annotation), annotation.get("segmentation")
            painted(size, [segment])
        except (ValueError, TypeError, OverflowError) as error:
            message = f"{error}. Correct it."
            raise Unusable("annotation", message, where, name) from error
        return segment

    def _class_id(self, annotation: Mapping[str, Any]) -> int:
        category = annotation["category_id"]
        if category not in self.ids:
            raise ValueError(f"there is no category {category!r}")
        return IGNORE if annotation.get("iscrowd") == 1 else self.ids[category]

    def _note_alone(self, image: _coco_json.Id, annotations: Sequence[Item]) -> None:
        """Notes annotations of an image that there is not."""
        message = _coco_json.NO_IMAGE.format(image)
        for where, _ in annotations:
            self.problems.append(Problem("error", "missing-image", where, message, where))


def _encoded(mask: np.ndarray) -> bytes:
    """Class ids, uint8 (H, W) -> PNG."""
    stream = io.BytesIO()
    Image.fromarray(mask).save(stream, "PNG")
    return stream.getvalue()


def _examples(rows: Sequence[Row]) -> Examples:
    pictures, masks = [row.picture for row in rows], [row.mask for row in rows]
    names, where = [row.name for row in rows], [row.where for row in rows]
    columns: dict[str, list] = {"image": pictures, FEATURE: masks}
    return Examples(names, columns, where, ("image",), {FEATURE: {}})
