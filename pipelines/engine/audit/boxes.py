"""The audit's checks of boxes: columns called `.../bbox` that hold ymin xmin ymax xmax as shares of the picture."""

import collections

import numpy as np

from pipelines.formats.examples import Problem

SLACK = 2e-3  # shares of the picture that a box may stick out, as rounding to pixels makes it: 1 px in 500
SMALLEST = 1e-6  # share of the picture's side below which a side counts as none


def boxes(data, facts):
    """Boxes without area, outside of the picture, sticking out of it, or twice the same."""
    for name, where, places, values, labels in _each(data):
        seen = {}
        for place, box, label in zip(places, values, labels, strict=True):
            ymin, xmin, ymax, xmax = (float(v) for v in box)
            shown = f"({ymin:.4g}, {xmin:.4g}, {ymax:.4g}, {xmax:.4g})"
            at = where if place == where else place
            if not np.isfinite(box).all():
                yield Problem(
                    "error", "not-finite", at, f"the box {shown} has no place. Correct it.", name
                )
            elif ymax - ymin < SMALLEST or xmax - xmin < SMALLEST:
                swapped = (
                    "its corners are swapped" if ymax < ymin or xmax < xmin else "it has no area"
                )
                message = (
                    f"the box ymin xmin ymax xmax {shown} is unusable: {swapped}. Correct or"
                    " delete it."
                )
                yield Problem("error", "no-area", at, message, name)
            elif ymin >= 1 or xmin >= 1 or ymax <= 0 or xmax <= 0:
                message = (
                    f"the box {shown} lies outside of the picture, 0 to 1. Correct or delete it."
                )
                yield Problem("error", "outside-picture", at, message, name)
            elif min(ymin, xmin) < -SLACK or max(ymax, xmax) > 1 + SLACK:
                message = f"the box {shown} sticks out of the picture. It is cut at the edge."
                yield Problem("warning", "sticks-out", at, message)
            key = (tuple(np.round([ymin, xmin, ymax, xmax], 6)), label)
            if key in seen:
                yield Problem(
                    "warning",
                    "duplicate-box",
                    at,
                    f"the same box and class as {seen[key]}. Delete one.",
                )
            seen.setdefault(key, place)


def no_boxes(data, facts):
    """A training split in which nothing is marked teaches nothing."""
    for column, examples in _columns(data, "train"):
        if len(examples) and not any(len(values) for values in examples.columns[column]):
            yield Problem(
                "error",
                "no-boxes",
                "train",
                "there is no box in all of train. Annotate some pictures.",
            )


def marks(data, facts):
    """Objects marked as crowd or difficult, counted: what becomes of them is not obvious."""
    becomes = {
        "is_crowd": "neither trained on nor counted against a prediction, as in COCO",
        "is_difficult": "trained on and evaluated like any other, as in COCO",
    }
    for split, examples in data.splits.items():
        for mark, what in becomes.items():
            count = sum(
                int(np.sum(values)) for values in examples.columns.get(f"objects/{mark}", ())
            )
            if count:
                yield Problem(
                    "note", mark.replace("_", "-"), split, f"{count:,} objects are {mark}: {what}."
                )


def counts(data, facts):
    """Boxes by class, as examples by class say little of a rare object that most pictures have."""
    for column, examples in _columns(data, "train"):
        feature = f"{column.rpartition('/')[0]}/label"
        names = data.labels.get(feature, ())
        ids = collections.Counter(
            int(i) for values in examples.columns.get(feature, ()) for i in values
        )
        if ids and names:
            text = ", ".join(
                f"{names[i]} {n:,}" for i, n in ids.most_common() if i in range(len(names))
            )
            yield Problem("note", "boxes", "train", f"{sum(ids.values()):,} boxes: {text}.")


CHECKS = (boxes, no_boxes, marks, counts)


def _columns(data, *splits):
    """(column of boxes, Examples) of the named splits, or of all."""
    for split, examples in data.splits.items():
        for column in examples.columns if not splits or split in splits else ():
            if column.endswith("/bbox"):
                yield column, examples


def _each(data):
    """(name, where, places of boxes, boxes, labels) of each example."""
    for column, examples in _columns(data):
        prefix = column.rpartition("/")[0]
        labels, places = (examples.columns.get(f"{prefix}/{other}") for other in ("label", "where"))
        for i, name in enumerate(examples.names):
            values = np.asarray(examples.columns[column][i], np.float64).reshape(-1, 4)
            yield (
                name,
                examples.where[i],
                [examples.where[i]] * len(values) if places is None else places[i],
                values,
                [0] * len(values) if labels is None else [int(v) for v in labels[i]],
            )
