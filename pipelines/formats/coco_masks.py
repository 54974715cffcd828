"""COCO JSON with polygons or RLE, as a class per pixel: named with format=coco_masks, as such files hold boxes too."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from pipelines.errors import PipelineError
from pipelines.formats import _coco_json
from pipelines.formats.examples import IGNORE, SPLIT_NAMES, Data, Examples, Problem, cut_splits, inside

FEATURE = "segmentation_mask"
BACKGROUND = "background"


def detect(path):
    """Never: COCO's files are found as boxes, and this is another way to read them."""
    return False


def read(path):
    """Pictures with masks painted from their segments: a .json file, or a folder with such files -> Data.

    Class 0 is the background, the categories follow in the order of their ids. Where segments overlap, the smaller one
    lies on top; a crowd is ignored. The split is the last word of the file's name. Raises PipelineError naming file and
    entry where one cannot be used.
    """
    path = Path(path).resolve()
    files = [path] if path.is_file() else sorted([*path.glob("annotations/*.json"), *path.glob("*.json")])
    if not files:
        raise PipelineError(f"{path} holds no .json file. Pass COCO's file, or the folder of annotations/*.json.")
    root = path if path.is_dir() else path.parent
    contents = {file: _content(file) for file in files}
    names = {c["id"]: str(c["name"]) for content in contents.values() for c in content["categories"]}
    ids = {category: i for i, category in enumerate(sorted(names), 1)}
    if len(ids) >= IGNORE:
        raise PipelineError(f"{path} has {len(ids)} categories; a mask holds at most {IGNORE - 1}.")
    problems, splits = [], {}
    for file, content in contents.items():
        split = SPLIT_NAMES.get(file.stem.rpartition("_")[2].rstrip("0123456789").lower(), "train")
        splits.setdefault(split, []).extend(_rows(root, file, content, ids, problems))
    parts = {split: _examples(sorted(rows)) for split, rows in splits.items()}
    if not any(map(len, parts.values())):
        raise PipelineError(f"{path} has no usable picture. {problems[0].where}: {problems[0].message}")
    labels = [BACKGROUND, *(names[category] for category in sorted(names))]
    return Data(str(path), "coco_masks", cut_splits(parts), {FEATURE: labels}, problems)


def painted(size, segments):
    """Segments as class ids: ((height, width), [(id, COCO segmentation)]) -> uint8 (H, W); larger ones lie below.

    Raises ValueError where a segmentation is neither polygons nor RLE of that size.
    """
    layers = [(i, _layer(segmentation, size)) for i, segmentation in segments]
    mask = np.zeros(size, np.uint8)
    for i, layer in sorted(layers, key=lambda item: -item[1].sum()):
        mask[layer] = i
    return mask


def counts(rle):
    """The run lengths of COCO's compressed RLE: text -> list. Five bits a character from 48 on, the sixth for more,
    signed; from the third on a length is the difference to the one two before (pycocotools, maskApi.c, rleFrString).
    """
    out, at = [], 0
    while at < len(rle):
        value, shift, more = 0, 0, True
        while more:
            if at >= len(rle) or not 0 <= ord(rle[at]) - 48 < 64:
                raise ValueError("the RLE text is damaged")
            bits = ord(rle[at]) - 48
            value |= (bits & 31) << shift
            more, shift, at = bool(bits & 32), shift + 5, at + 1
            if not more and bits & 16:
                value |= -1 << shift
        out.append(value + (out[-2] if len(out) > 2 else 0))
    return out


def _layer(segmentation, size):
    """One segmentation -> bool (H, W)."""
    height, width = size
    if isinstance(segmentation, dict):
        lengths = segmentation.get("counts")
        lengths = counts(lengths) if isinstance(lengths, str) else lengths
        if list(segmentation.get("size", ())) != [height, width] or not isinstance(lengths, list):
            raise ValueError(f"its RLE is for {segmentation.get('size')}, the picture has {[height, width]}")
        if any(n < 0 for n in lengths) or sum(lengths) != height * width:
            raise ValueError("its RLE does not fill the picture")
        runs = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
        return runs.reshape(width, height).T  # by columns
    if not isinstance(segmentation, list) or not all(isinstance(p, list) and len(p) % 2 == 0 for p in segmentation):
        raise ValueError("it has neither polygons nor RLE")
    layer = Image.new("1", (width, height))
    for polygon in segmentation:
        points = np.asarray(polygon, np.float64).reshape(-1, 2) - 0.5  # COCO counts from the corner of a pixel
        if len(points) < 3 or not np.isfinite(points).all():
            raise ValueError("a polygon has fewer than three points, or one that is no number")
        ImageDraw.Draw(layer).polygon([tuple(p) for p in points], fill=1)
    return np.asarray(layer)


def _rows(root, file, content, ids, problems):
    """[(name, picture, PNG of the mask, where)] of one file."""
    by_image, rows = {}, []
    for i, row in enumerate(content["annotations"]):
        by_image.setdefault(row.get("image_id"), []).append((i, row))
    for n, row in enumerate(content["images"]):
        where = f"{file.relative_to(root).as_posix()}: images[{n}]"
        name = str(row.get("file_name"))
        picture = next(
            (p for folder in _places(root, file) if (p := inside(root, folder / name)) and p.is_file()), None
        )
        found = by_image.pop(row.get("id"), [])
        if picture is None:
            problems.append(Problem("error", "missing-file", where, f"there is no picture {name!r}. Restore it.", name))
            continue
        try:
            with Image.open(picture) as opened:
                size = opened.height, opened.width
            segments = []
            for i, annotation in found:
                where = f"{file.relative_to(root).as_posix()}: annotations[{i}]"
                if annotation.get("category_id") not in ids:
                    raise ValueError(f"there is no category {annotation.get('category_id')!r}")
                crowd = annotation.get("iscrowd")
                segments.append((IGNORE if crowd else ids[annotation["category_id"]], annotation.get("segmentation")))
                painted(size, segments[-1:])
            mask = painted(size, segments)
        except (ValueError, TypeError, OSError) as error:
            problems.append(Problem("error", "annotation", where, f"{error}. Correct it.", name))
            continue
        stream = io.BytesIO()
        Image.fromarray(mask).save(stream, "PNG")
        rows.append((name, str(picture), stream.getvalue(), where))
    for image, found in by_image.items():
        where = f"{file.relative_to(root).as_posix()}: annotations[{found[0][0]}]"
        problems.append(
            Problem("error", "missing-image", where, f"there is no image with the id {image!r}. Delete it.", where)
        )
    return rows


def _places(root, file):
    """Folders below `root` in which the pictures of a file may lie, relative to it."""
    word = file.stem.rpartition("_")[2]
    return [Path(place) for place in (".", "images", word, f"images/{word}", file.parent.relative_to(root).as_posix())]


def _examples(rows):
    names = [name for name, *_ in rows]
    columns = {"image": [picture for _, picture, _, _ in rows], FEATURE: [mask for _, _, mask, _ in rows]}
    return Examples(names, columns, [where for *_, where in rows], ("image",), {FEATURE: {}})


def _content(file):
    content = _coco_json.content(file)
    if not all("id" in c and "name" in c for c in content["categories"]):
        raise PipelineError(f"{file}: a category lacks id or name. Add it.")
    return content
