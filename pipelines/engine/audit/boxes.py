"""The audit's checks of boxes, which are columns called `.../bbox`.

They hold ymin xmin ymax xmax, as shares of the picture.
"""

import collections
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pipelines.engine.audit.facts import Example, Facts, over, rows, splits
from pipelines.formats.examples import COLUMN, Examples, Problem

SLACK = 2e-3  # share of the picture that rounding to pixels may let a box stick out: 1 px in 500
SMALLEST = 1e-6  # share of the picture's side below which a side counts as none
MANY, DENSER = 100, 10  # boxes of a dense picture, and its boxes to those of one in the middle
MARKS = {  # what becomes of marked objects, as it is not obvious
    "is_crowd": "neither trained on nor counted against a prediction, as in COCO",
    "is_difficult": "trained on and evaluated like any other, as in COCO",
}


@dataclass(frozen=True)
class _Box:
    """One box. corners: ymin, xmin, ymax, xmax; place: where it stands, for messages."""

    example: Example
    corners: tuple[float, ...]
    label: int
    place: str

    @property
    def low(self) -> tuple[float, float]:
        return self.corners[:2]

    @property
    def high(self) -> tuple[float, float]:
        return self.corners[2:]

    @property
    def shortest(self) -> float:
        """The shorter side, as a share of the picture; negative if corners are swapped."""
        ymin, xmin, ymax, xmax = self.corners
        return min(ymax - ymin, xmax - xmin)


@dataclass(frozen=True)
class _Fault:
    """Something that can be wrong with a box. message: with {} for the corners."""

    kind: str
    message: str
    holds: Callable[[_Box], bool]
    tell: Callable[..., Problem] = Example.error


FAULTS = (  # the first that holds is told
    _Fault(
        "not-finite",
        "the box {} has no place. Correct it.",
        lambda box: not np.isfinite(box.corners).all(),
    ),
    _Fault(
        "no-area",
        "the box ymin xmin ymax xmax {} is unusable: its corners are swapped. Correct or delete"
        " it.",
        lambda box: box.shortest < 0,
    ),
    _Fault(
        "no-area",
        "the box ymin xmin ymax xmax {} is unusable: it has no area. Correct or delete it.",
        lambda box: box.shortest < SMALLEST,
    ),
    _Fault(
        "outside-picture",
        "the box {} lies outside of the picture, 0 to 1. Correct or delete it.",
        lambda box: max(box.low) >= 1 or min(box.high) <= 0,
    ),
    _Fault(
        "sticks-out",
        "the box {} sticks out of the picture. It is cut at the edge.",
        lambda box: min(box.low) < -SLACK or max(box.high) > 1 + SLACK,
        Example.warning,
    ),
)


def faults(box: _Box, facts: Facts) -> Iterator[Problem]:
    """A box without area, outside of the picture, or sticking out of it."""
    fault = next((fault for fault in FAULTS if fault.holds(box)), None)
    if fault:
        corners = "({:.4g}, {:.4g}, {:.4g}, {:.4g})".format(*box.corners)
        yield fault.tell(box.example, fault.kind, fault.message.format(corners), box.place)


def duplicates(boxes: list[_Box], facts: Facts) -> Iterator[Problem]:
    """A box twice in one picture."""
    first = {}
    for box in boxes:
        content = (tuple(np.round(box.corners, 6)), box.label)
        if content in first:
            message = f"the same box and class as {first[content]}. Delete one."
            yield box.example.warning("duplicate-box", message, box.place)
        first.setdefault(content, box.place)


def no_boxes(part: tuple[str, Examples], facts: Facts) -> Iterator[Problem]:
    """A training split in which nothing is marked teaches nothing."""
    column, examples = part
    if len(examples) and not any(map(len, examples.columns[column])):
        message = "there is no box in all of train. Annotate some pictures."
        yield Problem("error", "no-boxes", "train", message)


def densest(facts: Facts) -> Iterator[Problem]:
    """A picture with far more boxes than others: room for as many is made in each example."""
    every = [(len(example[column]), example) for column, example in _examples(facts)]
    counts = sorted(count for count, _ in every if count)
    if not counts:
        return
    middle, most = counts[len(counts) // 2], counts[-1]
    if most >= MANY and most > DENSER * middle:
        example = next(example for count, example in every if count == most)
        message = (
            f"this picture has {most:,} boxes, and one in the middle {middle:,}. Memory and time of"
            " each step follow the densest picture: cut it into tiles, or leave it out (detection:"
            f" max_boxes={max(MANY, DENSER * middle)} on_bad_data=skip)."
        )
        yield example.warning("densest", message)


def _examples(facts: Facts) -> Iterator[tuple[str, Example]]:
    """(column of boxes, example) of all examples."""
    for split, examples in splits(facts.data):
        for column in box_columns(examples):
            for example in rows(split, examples):
                yield column, example


def marks(part: tuple[str, Examples], facts: Facts) -> Iterator[Problem]:
    """Objects of one split that are marked as crowd or difficult, counted."""
    split, examples = part
    for mark, what in MARKS.items():
        values = examples.columns.get(f"objects/{mark}", ())
        count = int(sum(map(np.sum, values)))
        if count:
            message = f"{count:,} objects are {mark}: {what}."
            yield Problem("note", mark.replace("_", "-"), split, message)


def counts(part: tuple[str, Examples], facts: Facts) -> Iterator[Problem]:
    """Boxes by class: examples by class say little of a rare object that most pictures have."""
    column, examples = part
    feature = f"{_prefix(column)}/label"
    names = dict(enumerate(facts.data.labels.get(feature, ())))
    labels = examples.columns.get(feature, ())
    ids = collections.Counter(int(i) for i in itertools.chain.from_iterable(labels))
    listed = ", ".join(f"{names[i]} {n:,}" for i, n in ids.most_common() if i in names)
    if listed:
        yield Problem("note", "boxes", "train", f"{ids.total():,} boxes: {listed}.")


def _pictures(facts: Facts) -> Iterator[list[_Box]]:
    """The boxes of each example."""
    for split, examples in splits(facts.data):
        for column in box_columns(examples):
            for example in rows(split, examples):
                yield _boxes(example, column)


def _every(facts: Facts) -> Iterator[_Box]:
    for boxes in _pictures(facts):
        yield from boxes


def _trained(facts: Facts) -> list[tuple[str, Examples]]:
    """(column of boxes, Examples) of train."""
    examples = facts.data.splits.get("train")
    return [(column, examples) for column in box_columns(examples)] if examples else []


def _parts(facts: Facts) -> list[tuple[str, Examples]]:
    return splits(facts.data)


CHECKS = (
    over(_every, faults),
    over(_pictures, duplicates),
    over(_trained, no_boxes),
    densest,
    over(_parts, marks),
    over(_trained, counts),
)


def box_columns(examples: Examples) -> list[str]:
    """The columns of boxes, not one of a table that is called so."""
    ours = [column for column in examples.columns if not column.startswith(COLUMN)]
    return [column for column in ours if column.endswith("/bbox")]


def label_column(column: str) -> str:
    """The column with the classes of the boxes in `column`."""
    return f"{_prefix(column)}/label"


def _prefix(column: str) -> str:
    return column.rpartition("/")[0]


def _boxes(example: Example, column: str) -> list[_Box]:
    """The boxes of one example, in the order of the data."""
    corners = np.asarray(example[column], np.float64).reshape(-1, 4).tolist()
    labels = example.get(label_column(column), [0] * len(corners))
    places = example.get(f"{_prefix(column)}/where", [example.where] * len(corners))
    return [
        _Box(example, tuple(box), int(label), place)
        for box, label, place in zip(corners, labels, places, strict=True)
    ]
