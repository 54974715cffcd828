"""The audit's look at all boxes of the data at once: what each of them may be, all cannot.

Boxes that are read in a wrong form, such as x y width height for corners, are often possible one by
one. Together they stick out of the pictures, or keep to a corner of them, and fit in the right
form.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pipelines.engine.audit.facts import Facts, splits
from pipelines.formats.examples import Problem

FEWEST = 5  # boxes that can tell
IMPOSSIBLE = 0.05  # share of the boxes that cannot be: above it they are not single mistakes
ALLOWED = 0.005  # share of the boxes that may still be wrong in the right form
SLACK = 0.02  # share of the picture's side that a box may stick out
CUT = 0.1  # the same as boxes are read: one of a thing that the border cuts may reach beyond it
FIRST_PIXEL = 1.5  # pixels: shares from 0 to 1 with some slack
CORNER = 0.6  # share of the sides within which all boxes lie if they are of smaller pictures
TELLING = 30  # boxes that tell that a corner, or another form that fits, is no chance


@dataclass(frozen=True)
class Boxes:
    """All boxes of one column. corners: ymin, xmin, ymax, xmax, float (N, 4), pixels.

    sizes: height and width of the picture of each, (N, 2). rows: (split, row) of each, (N,).
    """

    corners: np.ndarray
    sizes: np.ndarray
    rows: list[tuple[str, int]]


@dataclass(frozen=True)
class Form:
    """A form that boxes may have been written in. read: corners, sizes -> the corners it means."""

    said: str
    read: Callable[[np.ndarray, np.ndarray], np.ndarray]


def _swapped(corners: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return corners[:, [1, 0, 3, 2]]


def _from_sides(corners: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    low, sides = corners[:, :2], corners[:, 2:]
    return np.concatenate([low, low + sides], 1)


def _to_sides(corners: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    low, high = corners[:, :2], corners[:, 2:]
    return np.concatenate([low, high - low], 1)


def _moved(share: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Moves boxes by a share of their own sides."""

    def read(corners: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        sides = corners[:, 2:] - corners[:, :2]
        return corners + share * np.concatenate([sides, sides], 1)

    return read


def _upside_down(corners: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    height = sizes[:, 0]
    ymin, xmin, ymax, xmax = corners.T
    return np.stack([height - ymax, xmin, height - ymin, xmax], 1)


def _mirrored(corners: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    width = sizes[:, 1]
    ymin, xmin, ymax, xmax = corners.T
    return np.stack([ymin, width - xmax, ymax, width - xmin], 1)


FORMS = (
    Form("x and y exchanged", _swapped),
    Form("x y width height, and corners are read", _from_sides),
    Form("two corners, and x y width height is read", _to_sides),
    Form("their centre, and a corner is read", _moved(-0.5)),
    Form("a corner, and their centre is read", _moved(0.5)),
)
TURNED = (  # which no place of the boxes tells
    Form("y from the bottom, or the pictures are upside down", _upside_down),
    Form("x from the right, or the pictures are mirrored", _mirrored),
)


def all_boxes(facts: Facts, column: str = "objects/bbox") -> Boxes | None:
    """The boxes of all pictures whose size is known, or None."""
    looks = facts.looks.get("image", {})
    corners, sizes, rows = [], [], []
    for split, examples in splits(facts.data):
        if column not in examples.columns or split not in looks:
            return None
        for row, (own, look) in enumerate(zip(examples.columns[column], looks[split], strict=True)):
            if look.size and len(own):
                shares = np.asarray(own, np.float64).reshape(-1, 4)
                corners.append(shares * (*look.size, *look.size))
                sizes.append(np.tile(look.size, (len(shares), 1)))
                rows += [(split, row)] * len(shares)
    if not corners:
        return None
    every = np.concatenate(corners)
    fine = np.isfinite(every).all(1)
    return Boxes(every[fine], np.concatenate(sizes)[fine], list(itertools.compress(rows, fine)))


def forms(facts: Facts) -> Iterator[Problem]:
    """Boxes that are impossible as they are read and possible in another form.

    An error, as no picture can be left out for it; of fewer than TELLING boxes a warning.
    """
    boxes = all_boxes(facts)
    if boxes is None or len(boxes.corners) < FEWEST:
        return
    count = len(boxes.corners)
    if _in_first_pixel(boxes):
        message = (
            f"all {count:,} boxes lie within the first pixel of their pictures: the coordinates are"
            " shares of the sides, and pixels are read. Multiply them by width and height."
        )
        yield Problem("error", "box-form", "objects/bbox", message)
        return
    wrong = _impossible(boxes.corners, boxes.sizes, CUT)
    if wrong > max(IMPOSSIBLE * count, 1):
        best = min(FORMS, key=lambda form: _impossible(form.read(*_of(boxes)), boxes.sizes))
        if _impossible(best.read(*_of(boxes)), boxes.sizes) <= ALLOWED * count:
            message = (
                f"{wrong:,} of {count:,} boxes are not within their pictures; all are if they say"
                f" {best.said}. Correct all of them."
            )
            severity = "error" if count >= TELLING else "warning"
            yield Problem(severity, "box-form", "objects/bbox", message)
            return
    yield from _in_corner(boxes)


def _of(boxes: Boxes) -> tuple[np.ndarray, np.ndarray]:
    return boxes.corners, boxes.sizes


def _in_first_pixel(boxes: Boxes) -> bool:
    is_small = boxes.corners.max(1) <= FIRST_PIXEL
    return bool(is_small.all() and (boxes.sizes > 2 * FIRST_PIXEL).all())


def _impossible(corners: np.ndarray, sizes: np.ndarray, share: float = SLACK) -> int:
    """How many boxes have swapped corners, or stick out by more than a share of the side."""
    low, high = corners[:, :2], corners[:, 2:]
    slack = np.maximum(share * sizes, 1.0)
    is_swapped = (high < low).any(1)
    is_out = (low < -slack).any(1) | (high > sizes + slack).any(1)
    return int((is_swapped | is_out).sum())


def _in_corner(boxes: Boxes) -> Iterator[Problem]:
    """Boxes that are all in the upper left of their pictures, as of smaller pictures."""
    reach = (boxes.corners[:, 2:] / boxes.sizes).max(0)
    pictures = len(set(boxes.rows))
    if len(boxes.corners) >= TELLING and pictures >= TELLING // 3 and (reach < CORNER).all():
        message = (
            f"all {len(boxes.corners):,} boxes lie within the upper {reach[0]:.0%} and the left"
            f" {reach[1]:.0%} of their pictures. Were they drawn on smaller ones, or are they per"
            " cent or per mille? Then scale them."
        )
        yield Problem("warning", "box-corner", "objects/bbox", message)


CHECKS = (forms,)
