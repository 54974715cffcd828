"""Single pictures whose boxes or mask do not fit them, if those of nearly all others do.

At the border of what is marked rightly, brightness changes more than elsewhere. How much more is
learned from all pictures of the data; one at whose borders nothing changes is odd.
"""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from pipelines.edge.pictures import read_picture
from pipelines.engine.audit.facts import Example, Facts, rows, splits
from pipelines.formats import _mask_files
from pipelines.formats.examples import IGNORE, Examples, Problem

SIDE = 128  # pixels that pictures are scaled to
FEWEST = 12  # pictures that can tell
SAMPLED = 48  # that tell whether the fit tells anything
MOST = 500  # pictures: of more, looking at each would take too long
SURE = 3.0  # robust standard deviations that the middle of all must be above 0
FAR = 4.0  # robust standard deviations below the middle, from which on one is odd
LEAST = 0.35  # of the middle: what fits worse is odd
TURNS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "upside down": lambda borders: borders[::-1],
    "mirrored": lambda borders: borders[:, ::-1],
    "turned by 180 degrees": lambda borders: borders[::-1, ::-1],
}


def odd(facts: Facts) -> Iterator[Problem]:
    """Warns of pictures that what is marked in them does not fit."""
    found = list(itertools.islice(_marked(facts), MOST + 1))
    if not FEWEST <= len(found) <= MOST:
        return
    fits = list(itertools.starmap(_fit, found[:SAMPLED]))
    if _limit(np.array(fits)) is None:
        return
    fits += itertools.starmap(_fit, found[SAMPLED:])
    limit = _limit(np.array(fits))
    if limit is None:
        return
    for i in np.flatnonzero(np.array(fits) < limit):
        example, borders = found[i]
        yield example.warning("misfit", _said(example, borders, float(np.median(fits))))


def _said(example: Example, borders: np.ndarray, middle: float) -> str:
    turned = {turn: _fit(example, change(borders)) for turn, change in TURNS.items()}
    best = max(turned, key=turned.__getitem__)
    start = "what is marked here does not fit the picture, unlike in others"
    if turned[best] > middle / 2:
        return f"{start}, but it does {best}. Look at both."
    return f"{start}. Look at both: it may belong to another picture."


def _limit(fits: np.ndarray) -> float | None:
    """The fit below which a picture is odd; None if they differ too much to tell."""
    middle = float(np.median(fits))
    spread = max(1.4826 * float(np.median(np.abs(fits - middle))), 1e-3)  # as of a normal one
    if len(fits) < FEWEST or middle < SURE * spread:
        return None
    return min(LEAST * middle, middle - FAR * spread)


def _marked(facts: Facts) -> Iterator[tuple[Example, np.ndarray]]:
    """(example, where the borders of its boxes or its mask are, bool (S, S)), if it has any."""
    for split, examples in splits(facts.data):
        looks = facts.looks.get("image", {}).get(split)
        borders = _borders_of(examples)
        if looks is None or borders is None:
            continue
        usable = (example for example in rows(split, examples) if not looks[example.row].error)
        found = ((example, borders(example)) for example in usable)
        yield from ((example, own) for example, own in found if own is not None)


def _borders_of(examples: Examples) -> Callable[[Example], np.ndarray | None] | None:
    if examples.masks:
        column, table = next(iter(examples.masks.items()))
        return lambda example: _of_mask(example[column], table)
    if "objects/bbox" in examples.columns:
        return lambda example: _of_boxes(example["objects/bbox"])
    return None


def _of_mask(source: str | bytes, table: _mask_files.Table) -> np.ndarray | None:
    """Pixels at which the class changes."""
    try:
        ids = _mask_files.ids(_mask_files.pixels(source), table)[0]
    except ValueError:
        return None
    rows_, columns = (np.linspace(0, side - 1, SIDE).astype(int) for side in ids.shape)
    small = ids[np.ix_(rows_, columns)]
    small = np.where(small == IGNORE, 0, small)
    borders = np.zeros((SIDE, SIDE), bool)
    borders[1:] |= small[1:] != small[:-1]
    borders[:, 1:] |= small[:, 1:] != small[:, :-1]
    return borders if borders.any() else None


def _of_boxes(boxes: np.ndarray) -> np.ndarray | None:
    """Pixels on the sides of boxes."""
    borders = np.zeros((SIDE, SIDE), bool)
    for corners in np.asarray(boxes, np.float64).reshape(-1, 4):
        if not (np.abs(corners) <= 1).all():
            continue
        ymin, xmin, ymax, xmax = np.clip(np.round(corners * SIDE), 0, SIDE - 1).astype(int)
        borders[[ymin, ymax], xmin : xmax + 1] = True
        borders[ymin : ymax + 1, [xmin, xmax]] = True
    return borders if borders.any() else None


def _fit(example: Example, borders: np.ndarray) -> float:
    """How much more a picture changes at borders than elsewhere, in standard deviations."""
    changes = _changes(example["image"])
    spread = max(float(changes.std()), 1e-6)
    return float((changes[borders].mean() - changes.mean()) / spread)


def _changes(source: str | bytes) -> np.ndarray:
    """How much a picture changes around each pixel, (S, S)."""
    picture = Image.fromarray(read_picture(source)).resize((SIDE, SIDE), Image.Resampling.BOX)
    pixels = np.asarray(picture, np.float32)
    changes = np.zeros((SIDE, SIDE), np.float32)
    down, across = (np.abs(np.diff(pixels, axis=axis)).max(2) for axis in (0, 1))
    changes[1:] += down
    changes[:, 1:] += across
    near = [np.roll(changes, step, axis) for axis in (0, 1) for step in (-1, 0, 1)]
    return np.max(near, 0)


CHECKS = (odd,)
