"""How large objects are on their pictures."""

import collections
import statistics

import numpy as np

from pipelines.engine.audit.boxes import box_columns, label_column
from pipelines.engine.audit.facts import Facts

FEWEST = 10  # boxes of a class whose size counts


def smallest(facts: Facts) -> float:
    """Of the class whose objects are smallest in training: the median side of its boxes.

    A side is the square root of a box's area, as a share of its picture's longer side. Classes of
    fewer than 10 boxes do not count, unless there are no others. 0 without boxes.
    """
    sides = collections.defaultdict(list)
    examples = facts.data.splits.get("train")
    if examples is None:
        return 0.0
    looks = facts.looks.get("image", {}).get("train", ())
    for column in box_columns(examples):
        boxes = examples.columns[column]
        labels = examples.columns.get(label_column(column)) or [[0] * len(b) for b in boxes]
        for own, classes, look in zip(boxes, labels, looks, strict=False):
            if look.size:
                _add(sides, own, classes, look.size)
    return _least_median(sides)


def _add(sides: dict[int, list[float]], boxes: list, labels: list, size: tuple[int, int]) -> None:
    """Adds the sides of one picture's boxes to those of their classes."""
    corners = np.asarray(boxes, np.float64).reshape(-1, 4)
    lengths = (corners[:, 2:] - corners[:, :2]) * size / max(size)
    areas = lengths.prod(1)
    for label, area in zip(labels, areas, strict=False):
        if area > 0 and np.isfinite(area):
            sides[int(label)].append(float(area) ** 0.5)


def _least_median(sides: dict[int, list[float]]) -> float:
    many = [found for found in sides.values() if len(found) >= FEWEST]
    every = many or list(sides.values())
    return min(map(statistics.median, every), default=0.0)
