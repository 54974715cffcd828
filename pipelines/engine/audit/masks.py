"""What is wrong with masks: the part of the audit that reads a class per pixel."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

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
                rows = pool.map(
                    lambda source, t=table, c=classes: _look(source, t, c), examples.columns[column]
                )
                found.setdefault(column, {})[split] = list(rows)
    return found


def labels(data, masks, feature, split):
    """The class names in each example of a split."""
    names = data.labels[feature]
    return [
        [name for name, n in zip(names, look.counts, strict=False) if n]
        for look in masks.get(feature, {})[split]
    ]


def pixel_counts(data, masks, feature):
    """Split -> label -> pixels; empty where `feature` is no mask."""
    names = data.labels.get(feature, ())
    totals = {
        split: np.sum([look.counts for look in rows if look.counts] or [np.zeros(256, int)], axis=0)
        for split, rows in masks.get(feature, {}).items()
    }
    return {
        split: dict(zip(names, total.tolist(), strict=False)) for split, total in totals.items()
    }


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
    for mask in _masks(data, facts):
        if mask.look.error:
            yield Problem(
                "error", "unreadable-mask", mask.where, f"the mask {mask.look.error}.", mask.name
            )


def sizes(data, facts):
    """A mask that does not lie over its picture pixel by pixel."""
    for mask in _masks(data, facts):
        picture = facts.looks.get("image", {}).get(mask.split)
        size = picture[mask.i].size if picture else None
        if mask.look.size and size and size != mask.look.size:
            height, width = mask.look.size
            message = (
                f"the mask has {height} x {width} px, its picture {mask.name} {size[0]} x {size[1]}"
                " (height x width). Make them equal; resize masks with nearest neighbour."
            )
            yield Problem("error", "mask-size", mask.where, message, mask.name)


def unknown_values(data, facts):
    for mask in _masks(data, facts):
        if mask.look.unknown:
            (value, pixels), others = mask.look.unknown[0], len(mask.look.unknown) - 1
            share = sum(n for _, n in mask.look.unknown) / (mask.look.size[0] * mask.look.size[1])
            message = (
                f"the mask has {pixels:,} pixels of"
                f" {_mask_files.shown(value)}{f' and {others} more values' * bool(others)}"
                f" ({share:.1%} of the mask), which none of the {len(data.labels[mask.column])}"
                " classes has. Mend the mask or the file of classes."
            )
            yield Problem("error", "unknown-value", mask.where, message, mask.name)


def one_value(data, facts):
    for mask in _masks(data, facts):
        present = [j for j, n in enumerate(mask.look.counts) if n]
        if len(present) == 1 and not mask.look.unknown:
            names = data.labels[mask.column]
            what = names[present[0]] if present[0] < len(names) else "ignored"
            yield Problem(
                "warning", "one-value", mask.where, f"the mask is {what!r} everywhere. Look at it."
            )


def smoothed(data, facts):
    """Binary masks with values in between."""
    for mask in _masks(data, facts):
        if mask.look.between:
            message = (
                f"{mask.look.between:.1%} of the mask's pixels lie between 0 and 255, as smoothing"
                " or JPEG makes them; each counts as the nearer end. Save masks as PNG."
            )
            yield Problem("warning", "smoothed-mask", mask.where, message)


def shares(data, facts):
    for column in facts.masks:
        counts = pixel_counts(data, facts.masks, column)
        for split in SPLITS:
            total = sum(counts.get(split, {}).values())
            if total:
                listed = ", ".join(f"{label} {n / total:.1%}" for label, n in counts[split].items())
                yield Problem("note", "pixels", split, f"classes of {column} by pixel: {listed}.")


CHECKS = (unreadable, sizes, unknown_values, one_value, smoothed, shares)


@dataclass(frozen=True)
class _Mask:
    """One mask of one example, with its MaskLook."""

    column: str
    split: str
    i: int
    look: MaskLook
    name: str  # of its example
    where: str  # its file, relative to the data, or where the example came from


def _masks(data, facts):
    """All masks, in the order of splits."""
    for column, by_split in facts.masks.items():
        for split in SPLITS:
            examples = data.splits.get(split)
            for i, look in enumerate(by_split.get(split, ())):
                source, where = examples.columns[column][i], examples.where[i]
                if isinstance(source, str) and Path(source).is_relative_to(data.source):
                    where = Path(source).relative_to(data.source).as_posix()
                yield _Mask(column, split, i, look, examples.names[i], where)
