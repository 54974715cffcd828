"""COCO JSON with polygons or RLE, as a class per pixel: what tasks of masks read where `coco` reads boxes."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from pipelines.errors import PipelineError
from pipelines.formats import _boxes, _coco_json
from pipelines.formats.examples import IGNORE, Data, Examples, Problem, cut_splits, inside

FEATURE = "segmentation_mask"
BACKGROUND = "background"


def detect(path):
    """Never: COCO's files are found as boxes, and this is another way to read them; see `ALSO` of coco.py."""
    return False


def read(path):
    """Pictures with masks painted from their segments: a .json file, or a folder with such files ->
    Data.

    Class 0 is the background, the categories follow in the order of their ids. Where segments
    overlap, the smaller one lies on top; a crowd is ignored. Raises PipelineError where a file is
    no COCO JSON, or where there is no usable picture.
    """
    path = Path(path).resolve()
    root, contents = path if path.is_dir() else path.parent, _coco_json.contents(path)
    names = _coco_json.names(contents)
    ids = {category: i for i, category in enumerate(names, 1)}
    if len(ids) >= IGNORE:
        raise PipelineError(f"{path} has {len(ids)} categories; a mask holds at most {IGNORE - 1}.")
    problems, splits = [], {}
    for file, content in contents.items():
        split, places = _coco_json.split(file, root)
        splits.setdefault(split, []).extend(_rows(root, file, places, content, ids, problems))
    parts = {split: _examples(sorted(rows)) for split, rows in splits.items()}
    if not any(map(len, parts.values())):
        first = f" {problems[0].where}: {problems[0].message}" if problems else ""
        raise PipelineError(f"{path} has no usable picture.{first}")
    return Data(
        str(path),
        "coco_masks",
        cut_splits(parts),
        {FEATURE: [BACKGROUND, *names.values()]},
        problems,
    )


def painted(size, segments):
    """Segments as class ids: ((height, width), [(id, COCO segmentation)]) -> uint8 (H, W); larger
    ones lie below.

    Raises ValueError where a segmentation is neither polygons nor RLE of that size.
    """
    layers = [(i, _layer(segmentation, size)) for i, segmentation in segments]
    mask = np.zeros(size, np.uint8)
    for i, layer in sorted(layers, key=lambda item: -item[1].sum()):
        mask[layer] = i
    return mask


def counts(rle):
    """The run lengths of COCO's compressed RLE: text -> list. Five bits a character from 48 on, the
    sixth for more,
    signed; from the third on a length is the difference to the one two before (pycocotools,
    maskApi.c, rleFrString).
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
            raise ValueError(
                f"its RLE is for {segmentation.get('size')}, the picture has {[height, width]}"
            )
        if any(n < 0 for n in lengths) or sum(lengths) != height * width:
            raise ValueError("its RLE does not fill the picture")
        runs = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
        return runs.reshape(width, height).T  # by columns
    if not isinstance(segmentation, list) or not all(
        isinstance(p, list) and len(p) % 2 == 0 for p in segmentation
    ):
        raise ValueError("it has neither polygons nor RLE")
    layer = Image.new("1", (width, height))
    for polygon in segmentation:
        points = (
            np.asarray(polygon, np.float64).reshape(-1, 2) - 0.5
        )  # COCO counts from the corner of a pixel
        if len(points) < 3 or not np.isfinite(points).all():
            raise ValueError("a polygon has fewer than three points, or one that is no number")
        ImageDraw.Draw(layer).polygon([tuple(p) for p in points], fill=1)
    return np.asarray(layer)


def _rows(root, file, places, content, ids, problems):
    """[(name, picture, PNG of the mask, where)] of one file."""
    shown, by_image, rows = file.relative_to(root).as_posix(), {}, []
    for i, row in enumerate(content["annotations"]):
        by_image.setdefault(row["image_id"], []).append((i, row))
    for n, row in enumerate(content["images"]):
        where, found = f"{shown}: images[{n}]", by_image.pop(row["id"], [])
        name = _coco_json.placed(root, str(row["file_name"]), places)
        try:
            picture = inside(root, name)
            if picture is None:
                message = (
                    f"{row['file_name']!r} lies outside of the data. Copy the picture into it."
                )
                problems.append(Problem("error", "outside", where, message, name))
                continue
            if not picture.is_file():
                raise ValueError("there is none")
        except (
            OSError,
            ValueError,
            RuntimeError,
        ):  # a NUL, a name that is too long, links in a circle
            message = f"there is no picture {row['file_name']!r}. Restore it."
            problems.append(Problem("error", "missing-file", where, message, name))
            continue
        size, segments = _boxes.picture_size(picture), []
        try:
            if not size:
                raise ValueError(f"{row['file_name']!r} is no picture that can be read")
            for i, annotation in found:
                where = f"{shown}: annotations[{i}]"
                if annotation["category_id"] not in ids:
                    raise ValueError(f"there is no category {annotation['category_id']!r}")
                crowd = annotation.get("iscrowd") == 1
                segments.append(
                    (
                        IGNORE if crowd else ids[annotation["category_id"]],
                        annotation.get("segmentation"),
                    )
                )
                painted(size, segments[-1:])
            mask = painted(size, segments)
        except (ValueError, TypeError, OverflowError) as error:
            problems.append(Problem("error", "annotation", where, f"{error}. Correct it.", name))
            continue
        stream = io.BytesIO()
        Image.fromarray(mask).save(stream, "PNG")
        rows.append((name, str(picture), stream.getvalue(), f"{shown}: images[{n}]"))
    for image, found in by_image.items():
        message = (
            f"there is no image with the id {image!r}. Delete the annotation, or add the image."
        )
        problems += [
            Problem(
                "error",
                "missing-image",
                f"{shown}: annotations[{i}]",
                message,
                f"{shown}: annotations[{i}]",
            )
            for i, _ in found
        ]
    return rows


def _examples(rows):
    names = [name for name, *_ in rows]
    columns = {
        "image": [picture for _, picture, _, _ in rows],
        FEATURE: [mask for _, _, mask, _ in rows],
    }
    return Examples(names, columns, [where for *_, where in rows], ("image",), {FEATURE: {}})
