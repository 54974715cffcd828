"""What is wrong with masks: the part of the audit that reads a class per pixel."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from pipelines.formats import _mask_files
from pipelines.formats.examples import SPLITS, Problem


@dataclass(frozen=True)
class MaskLook:
    """What reading one mask showed."""

    error: str = ""  # why it cannot be read; then all else is empty
    size: tuple = ()  # (height, width), pixels
    counts: tuple = ()  # pixels by class id, 256 of them
    unknown: tuple = ()  # ((value in the file, pixels), ...) that no class has, the most frequent first
    between: float = 0.0  # share of the pixels of a binary mask that are neither 0 nor 255


def looks(data):
    """Column of masks -> split -> a MaskLook per example."""
    found = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for split, examples in data.splits.items():
            for column, table in examples.masks.items():
                classes = len(data.labels[column])
                rows = pool.map(lambda source, t=table, c=classes: _look(source, t, c), examples.columns[column])
                found.setdefault(column, {})[split] = list(rows)
    return found


def labels(data, masks, feature, split):
    """The class names in each example of a split."""
    names = data.labels[feature]
    return [[name for name, n in zip(names, look.counts, strict=False) if n] for look in masks.get(feature, {})[split]]


def pixel_counts(data, masks, feature):
    """Split -> label -> pixels; empty where `feature` is no mask."""
    names = data.labels.get(feature, ())
    totals = {
        split: np.sum([look.counts for look in rows if look.counts] or [np.zeros(256, int)], axis=0)
        for split, rows in masks.get(feature, {}).items()
    }
    return {split: dict(zip(names, total.tolist(), strict=False)) for split, total in totals.items()}


def _look(source, table, classes):
    try:
        values = _mask_files.pixels(source)
    except ValueError as error:
        return MaskLook(error=str(error))
    ids, unknown = _mask_files.ids(values, table)
    counts = np.bincount(ids.reshape(-1), minlength=256)
    if not table:  # the values are the ids: those that no class has came through
        unknown |= {i: int(counts[i]) for i in range(classes, 255) if counts[i]}
    between = _mask_files.between(values) if table.keys() == _mask_files.BINARY.keys() else 0.0
    ranked = sorted(unknown.items(), key=lambda item: -item[1])
    return MaskLook("", values.shape[:2], tuple(counts.tolist()), tuple(ranked), between)


def unreadable(data, facts):
    for examples, i, _, look, _ in _masks(data, facts):
        if look.error:
            yield Problem("error", "unreadable-mask", examples.where[i], f"its mask {look.error}.", examples.names[i])


def sizes(data, facts):
    """A mask that does not lie over its picture pixel by pixel."""
    for examples, i, _, look, split in _masks(data, facts):
        picture = facts.looks.get("image", {}).get(split)
        if look.size and picture and picture[i].size and picture[i].size != look.size:
            height, width = look.size
            message = (
                f"its mask has {height} x {width} px, the picture {picture[i].size[0]} x {picture[i].size[1]} "
                "(height x width). Make them equal; resize masks with nearest neighbour."
            )
            yield Problem("error", "mask-size", examples.where[i], message, examples.names[i])


def unknown_values(data, facts):
    for examples, i, column, look, _ in _masks(data, facts):
        if look.unknown:
            (value, pixels), others = look.unknown[0], len(look.unknown) - 1
            share = sum(n for _, n in look.unknown) / (look.size[0] * look.size[1])
            message = (
                f"its mask has {pixels:,} pixels of {_mask_files.shown(value)}"
                f"{f' and {others} more values' * bool(others)} "
                f"({share:.1%} of the mask), which none of the {len(data.labels[column])} classes has. "
                "Mend the mask or the file of classes."
            )
            yield Problem("error", "unknown-value", examples.where[i], message, examples.names[i])


def one_value(data, facts):
    for examples, i, column, look, _ in _masks(data, facts):
        present = [j for j, n in enumerate(look.counts) if n]
        if len(present) == 1 and not look.unknown:
            names = data.labels[column]
            what = names[present[0]] if present[0] < len(names) else "ignored"
            message = f"its mask is {what!r} everywhere. Look at it."
            yield Problem("warning", "one-value", examples.where[i], message)


def smoothed(data, facts):
    """Binary masks with values in between."""
    for examples, i, _, look, _ in _masks(data, facts):
        if look.between:
            message = (
                f"{look.between:.1%} of the pixels of its mask lie between 0 and 255, as smoothing or JPEG makes them; "
                "each counts as the nearer end. Save masks as PNG."
            )
            yield Problem("warning", "smoothed-mask", examples.where[i], message)


def shares(data, facts):
    for column in facts.masks:
        counts = pixel_counts(data, facts.masks, column)
        for split in SPLITS:
            total = sum(counts.get(split, {}).values())
            if total:
                listed = ", ".join(f"{label} {n / total:.1%}" for label, n in counts[split].items())
                yield Problem("note", "pixels", split, f"classes of {column} by pixel: {listed}.")


CHECKS = (unreadable, sizes, unknown_values, one_value, smoothed, shares)


def _masks(data, facts):
    """(examples, index, column, MaskLook, split) of every mask, in the order of splits."""
    for column, by_split in facts.masks.items():
        for split in SPLITS:
            for i, look in enumerate(by_split.get(split, ())):
                yield data.splits[split], i, column, look, split
