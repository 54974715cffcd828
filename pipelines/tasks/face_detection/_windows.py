"""Windows of pictures that a cascade learns from: faces, what is around them, and what passes."""

import math
from collections.abc import Iterator
from pathlib import Path

from etils import epy

from pipelines.errors import PipelineError
from pipelines.formats.examples import PICTURE_SUFFIXES

with epy.lazy_imports():
    import numpy as np
    from PIL import Image

    from pipelines.edge import pictures
    from pipelines.models import haar, haar_scan

APART = 0.2  # IoU with a face, above which a window does not count as one without
STEP = 1.25  # factor of size between the windows that are looked through
LARGEST = 640  # pixels of the longer side of a picture that is looked through
A_PICTURE = 60  # most windows taken of one at a time
LOOKED = 400  # most pictures that are looked through for one stage


class Source:
    """Pictures with boxes, and pictures without: uint8 (H, W), and float (n, 4) yxyx in pixels.

    They are read again and again, one at a time, so that memory stays bounded.
    """

    def __init__(self, examples, folder, side):
        self._examples, self._side = examples, side
        self._files = _files(folder) if folder else []

    def faces(self):
        """(crops uint8 (n, side, side), mean height and width of a box in sides of its window)."""
        crops, shapes = [], []
        for i in range(len(self._examples)):
            grey, boxes = self._example(i)
            for box in boxes:
                high, wide = box[2:] - box[:2]
                length = math.sqrt(max(high * wide, 1.0))
                shapes.append((high / length, wide / length))
                crops.append(_crop(grey, (box[:2] + box[2:]) / 2, length, self._side))
        if not crops:
            raise PipelineError("the training split has no face: there is nothing to learn from.")
        return np.stack(crops), tuple(np.mean(shapes, 0))

    def others(self, count, random):
        """Windows without a face, at random: crops without one whole, and parts of pictures."""
        found = []
        for i in random.permutation(len(self)):
            grey, boxes = self._picture(int(i))
            if min(grey.shape) < 2 * self._side:
                if not len(boxes):
                    found.append(_whole(grey, self._side))
            else:
                found += _random(grey, boxes, self._side, random)
            if len(found) >= count:
                break
        return _stacked(found, self._side)[:count]

    def passing(self, cascade, count, random):
        """Up to `count` windows without a face that pass a cascade, found by looking through."""
        found: list = []
        order, looked = random.permutation(len(self)), 0
        for i in order:
            grey, boxes = self._picture(int(i))
            if min(grey.shape) < 2 * self._side:
                found += [] if len(boxes) else [_whole(grey, self._side)]
            else:
                found += _passing(cascade, grey, boxes, random)
                looked += 1
            if len(found) >= count or looked == LOOKED:
                break
        return self._only(cascade, _stacked(found, self._side))[:count]

    def _only(self, cascade, crops):
        if not len(crops):
            return crops
        passed, _ = haar.judged(cascade, haar.of_crops(crops))
        return crops[passed == len(cascade.limits)]

    def __len__(self):
        return len(self._examples) + len(self._files)

    def _picture(self, i):
        if i < len(self._examples):
            return self._example(i)
        return _grey(self._files[i - len(self._examples)]), np.zeros((0, 4))

    def _example(self, i):
        columns = self._examples.columns
        grey = _grey(columns["image"][i], None)
        boxes = np.asarray(columns["objects/bbox"][i], float).reshape(-1, 4)
        boxes = boxes * np.tile(grey.shape, 2)
        return grey, boxes


def _files(folder):
    """Pictures below a folder. Raises PipelineError if there are none."""
    root = Path(folder).expanduser()
    found = [p for p in sorted(root.rglob("*")) if p.suffix.lower() in PICTURE_SUFFIXES]
    if not found:
        raise PipelineError(
            f"negatives={folder} has no pictures. Name a folder of pictures without faces."
        )
    return found


def _grey(source, largest=LARGEST):
    """uint8 (H, W), made smaller if its longer side has more than `largest` pixels."""
    try:
        picture = pictures.read_picture(source)
    except ValueError as error:
        raise PipelineError(f"{source} {error}. Delete it, or restore it.") from error
    grey = pictures.grey(picture)[:, :, 0]
    longer = max(grey.shape)
    if largest is None or longer <= largest:
        return grey
    size = [max(1, round(n * largest / longer)) for n in reversed(grey.shape)]
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BILINEAR))


def _crop(grey, centre, length, side):
    """A square around a point (y, x), as a window; what is outside continues the edge."""
    around = math.ceil(length)
    padded = np.pad(grey, around, "edge")
    top, left = np.rint(centre - length / 2).astype(int) + around
    whole = max(2, round(length))
    return _whole(padded[top : top + whole, left : left + whole], side)


def _whole(grey, side):
    """As `haar_scan` makes pictures smaller, so that all that is learned from is alike."""
    return haar_scan.resized(grey, np.array((side, side)))


def _random(grey, boxes, side, random, count=20) -> Iterator:
    """Random windows of a picture without a face."""
    for _ in range(count):
        most = min(grey.shape)
        length = int(np.exp(random.uniform(np.log(side), np.log(most))))
        top, left = (int(random.integers(0, n - length + 1)) for n in grey.shape)
        if not _touches(np.array((top, left, top + length, left + length)), boxes):
            yield _whole(grey[top : top + length, left : left + length], side)


def _passing(cascade, grey, boxes, random):
    """Up to A_PICTURE windows of a picture that pass a cascade and are no face, a list."""
    high, wide = (int(n) for n in cascade.window)
    levels = list(haar_scan.levels(cascade, grey, STEP))
    places = [(n, i) for n, level in enumerate(levels) for i in range(len(level.ys))]
    found = []
    for at in random.permutation(len(places)):
        n, i = places[at]
        level, y, x = levels[n], levels[n].ys[i], levels[n].xs[i]
        box = np.array((y, x, y + high, x + wide)) * level.factor
        if not _touches(box, boxes):
            found.append(level.grey[y : y + high, x : x + wide])
        if len(found) == A_PICTURE:
            break
    return found


def _touches(box, boxes):
    if not len(boxes):
        return False
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.maximum(high - low, 0).prod(1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod()
    return bool((shared / np.maximum(areas - shared, 1e-9) > APART).any())


def _stacked(crops, side):
    return np.stack(crops) if crops else np.zeros((0, side, side), np.uint8)
