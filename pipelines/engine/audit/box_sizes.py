"""How large objects are on their pictures."""

import collections
import statistics

import numpy as np

from pipelines.engine.audit.boxes import box_columns, label_column
from pipelines.engine.audit.facts import Facts

FEWEST = 10  # boxes of a class whose size counts
ENDS = (0.05, 0.95)  # quantiles: a few odd boxes choose nothing


def smallest(facts: Facts) -> float:
    """Of the class whose objects are smallest in training: the median side of its boxes.

    A side is the square root of a box's area, as a share of its picture's longer side. Classes of
    fewer than 10 boxes do not count, unless there are no others. 0 without boxes.
    """
    many = _by_class(facts)
    return min(map(statistics.median, many), default=0.0)


def ends(facts: Facts) -> tuple[float, float]:
    """From which side to which boxes are in training, in the unit of `smallest`.

    All classes that count are between: the least of their 5 % quantiles, and the largest of their
    95 % quantiles. (0, 0) without boxes.
    """
    found = [np.quantile(own, ENDS) for own in _by_class(facts)]
    if not found:
        return 0.0, 0.0
    low, high = zip(*found, strict=True)
    return float(min(low)), float(max(high))


def _by_class(facts: Facts) -> list[list[float]]:
    """The sides of the boxes of each class that counts."""
    sides = collections.defaultdict(list)
    examples = facts.data.splits.get("train")
    if examples is None:
        return []
    looks = facts.looks.get("image", {}).get("train", ())
    for column in box_columns(examples):
        boxes = examples.columns[column]
        labels = examples.columns.get(label_column(column)) or [[0] * len(b) for b in boxes]
        for own, classes, look in zip(boxes, labels, looks, strict=False):
            if look.size:
                _add(sides, own, classes, look.size)
    many = [found for found in sides.values() if len(found) >= FEWEST]
    return many or list(sides.values())


def _add(sides: dict[int, list[float]], boxes: list, labels: list, size: tuple[int, int]) -> None:
    """Adds the sides of one picture's boxes to those of their classes."""
    corners = np.asarray(boxes, np.float64).reshape(-1, 4)
    lengths = (corners[:, 2:] - corners[:, :2]) * size / max(size)
    areas = lengths.prod(1)
    for label, area in zip(labels, areas, strict=False):
        if area > 0 and np.isfinite(area):
            sides[int(label)].append(float(area) ** 0.5)
