"""The audit's look at boxes on their pictures: whether the edges of things lie at those of boxes.

At the border of a box that fits, brightness changes more than at the border of a box elsewhere. So
the boxes of a data set are compared with the same boxes in other forms, such as upside down.
"""

import math
from collections.abc import Iterator

import numpy as np
from PIL import Image

from pipelines.edge.pictures import read_picture
from pipelines.engine.audit import box_forms
from pipelines.engine.audit.facts import Facts
from pipelines.formats.examples import Problem

PICTURES = 100  # that are looked at, spread over the data
PER_PICTURE = 10  # boxes of each
SIDE = 384  # pixels: larger pictures are scaled down
FEWEST = 20  # boxes that can tell
FARTHEST = 1e6  # pixels; what lies beyond is in no picture
SURE = 4.0  # standard errors by which another form must fit better
MANY, UNSURE = 300, 1.0  # boxes, and standard errors below which they fit no better than any


def fit(facts: Facts) -> Iterator[Problem]:
    """Boxes that fit the pictures much better in another form."""
    boxes = box_forms.all_boxes(facts)
    if boxes is None or len(boxes.corners) < FEWEST or any(box_forms.forms(facts)):
        return
    chosen = _chosen(boxes.rows)
    corners, sizes = boxes.corners[chosen], boxes.sizes[chosen]
    places = [boxes.rows[i] for i in chosen]
    others = _of_others(corners, sizes, places)
    every = [corners, others, *(form.read(corners, sizes) for form in _forms())]
    own, strange, *found = _contrasts(facts, places, every)
    gains = {form: _gain(contrasts, own) for form, contrasts in zip(_forms(), found, strict=True)}
    best = max(gains, key=lambda form: np.nan_to_num(gains[form], nan=-np.inf))
    if gains[best] > SURE:  # which NaN is not, nor less than another number
        message = (
            f"the boxes fit the pictures better if they say {best.said} (looked at {len(own):,})."
            " Draw some on their pictures."
        )
        yield Problem("warning", "box-fit", "objects/bbox", message)
    elif len(own) >= MANY and _gain(own, strange) < UNSURE:
        message = (
            "the boxes fit their own pictures no better than those of others do (looked at"
            f" {len(own):,}). Draw some on their pictures: they may belong to others."
        )
        yield Problem("warning", "box-fit", "objects/bbox", message)


def _of_others(corners: np.ndarray, sizes: np.ndarray, places: list[tuple[str, int]]) -> np.ndarray:
    """The boxes of other pictures, scaled to these."""
    half = len(corners) // 2
    shares = corners / np.tile(sizes, 2)
    others = np.roll(shares, half, 0)
    is_same = np.array([place == places[i - half] for i, place in enumerate(places)])
    others[is_same] = np.nan
    return others * np.tile(sizes, 2)


def _forms() -> tuple[box_forms.Form, ...]:
    return (*box_forms.FORMS, *box_forms.TURNED)


def _gain(contrasts: np.ndarray, others: np.ndarray) -> float:
    """By how many standard errors contrasts are stronger than others, box by box; NaN if
    unknown."""
    gain = contrasts - others
    gain = gain[np.isfinite(gain)]
    if len(gain) < FEWEST:
        return math.nan
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    return float(gain.mean() / max(error, 1e-6))


def _chosen(rows: list[tuple[str, int]]) -> np.ndarray:
    """Indices of the boxes that are looked at."""
    pictures = list(dict.fromkeys(rows))
    spread = np.unique(np.linspace(0, len(pictures) - 1, PICTURES).astype(int))
    wanted = {pictures[i]: PER_PICTURE for i in spread}
    chosen = []
    for i, row in enumerate(rows):
        if wanted.get(row, 0):
            wanted[row] -= 1
            chosen.append(i)
    return np.array(chosen, int)


def _contrasts(
    facts: Facts, places: list[tuple[str, int]], every: list[np.ndarray]
) -> list[np.ndarray]:
    """The contrast at the borders of each box in each form; NaN if it is not in the picture."""
    found = [np.full(len(places), np.nan) for _ in every]
    edges, last = None, None
    for i, place in enumerate(places):
        if place != last:
            edges, last = _edges(facts, place), place
        for contrasts, corners in zip(found, every, strict=True):
            contrasts[i] = _contrast(*edges, corners[i])
    return found


def _edges(facts: Facts, place: tuple[str, int]) -> tuple[np.ndarray, np.ndarray, float]:
    """(change from row to row, from column to column, scale) of a picture.

    Each is in standard deviations of the picture's brightness.
    """
    split, row = place
    picture = Image.fromarray(read_picture(facts.data.splits[split].columns["image"][row]))
    scale = min(1.0, SIDE / max(picture.size))
    size = [max(2, round(side * scale)) for side in picture.size]
    grey = np.asarray(picture.resize(size, Image.Resampling.BOX), np.float32)
    grey = grey / max(float(grey.std()), 1.0)
    down, across = np.abs(np.diff(grey, axis=0)), np.abs(np.diff(grey, axis=1))
    return down.max(2), across.max(2), scale


def _contrast(down: np.ndarray, across: np.ndarray, scale: float, corners: np.ndarray) -> float:
    """The mean change of brightness across the four sides of a box; NaN if it is not inside."""
    if not (np.abs(corners) < FARTHEST).all():  # which NaN is not, either
        return np.nan
    ymin, xmin, ymax, xmax = np.round(corners * scale).astype(int)
    height, width = across.shape[0], down.shape[1]
    is_inside = min(ymin, xmin) >= 0 and ymax <= height and xmax <= width
    if not is_inside or min(ymax - ymin, xmax - xmin) < 2:
        return np.nan
    rows, columns = slice(ymin, ymax), slice(xmin, xmax)
    sides = [_strongest(down, at, columns) for at in (ymin, ymax) if 0 < at < height]
    sides += [_strongest(across.T, at, rows) for at in (xmin, xmax) if 0 < at < width]
    return float(np.mean(sides)) if sides else np.nan


def _strongest(changes: np.ndarray, at: int, along: slice) -> float:
    """The mean change along a line, or the one before or behind it if that is stronger."""
    near = changes[max(at - 2, 0) : at + 1, along]
    return float(near.mean(1).max())


CHECKS = (fit,)
