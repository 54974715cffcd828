"""What is wrong with masks: the part of the audit that reads a class per pixel."""

import collections
import functools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.engine.audit.facts import Example, Facts, MaskLook, over, splits
from pipelines.formats import _mask_files
from pipelines.formats.examples import IGNORE, Data, Problem

SLOPES = 8  # pixels at borders that can tell how they run


def looks(data: Data) -> dict[str, dict[str, list[MaskLook]]]:
    """Column of masks -> split -> a MaskLook per example."""
    found = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for split, examples in splits(data):
            for column, table in examples.masks.items():
                look = functools.partial(_look, table=table, classes=len(data.labels[column]))
                by_split = found.setdefault(column, {})
                by_split[split] = list(pool.map(look, examples.columns[column]))
    return found


def labels(names: list[str], looks: list[MaskLook]) -> list[list[str]]:
    """The class names in each mask. names: of all classes, in the order of their ids."""
    return [list(_by_name(names, look.counts)) for look in looks]


def pixel_counts(names: list[str], by_split: dict[str, list[MaskLook]]) -> dict:
    """Split -> label -> pixels. by_split: split -> a MaskLook per example."""
    totals = {}
    for split, looks in by_split.items():
        counts = [look.counts for look in looks if look.counts]
        total = np.sum(counts or [np.zeros(256, int)], axis=0)
        totals[split] = dict(zip(names, total.tolist(), strict=False))
    return totals


def _look(source, table, classes: int) -> MaskLook:
    """Reads one mask, by the table of its column. classes: how many there are."""
    try:
        values = _mask_files.pixels(source)
    except ValueError as error:
        return MaskLook(error=str(error))
    ids, unknown = _mask_files.ids(values, table)
    counts = np.bincount(ids.reshape(-1), minlength=256).tolist()
    unknown = collections.Counter(unknown)
    if not table:  # the values are the ids, so those that no class has came through
        unknown.update(dict(enumerate(counts[classes:IGNORE], classes)))
    ranked = (+unknown).most_common()
    binary = table.keys() == _mask_files.BINARY.keys()
    between = _mask_files.between(values) if binary else 0.0
    slopes = (0, 0) if binary else _mask_files.slopes(values)
    has_channels = values.ndim == 2 and _mask_files.has_channels(source)
    about = tuple(counts), tuple(ranked), between, *slopes, has_channels
    return MaskLook("", values.shape[:2], *about)


@dataclass(frozen=True)
class _Mask(Example):
    """One mask of one example, with its MaskLook."""

    column: str
    look: MaskLook
    root: str  # of the data

    @property
    def where(self) -> str:
        """The mask's own file, relative to the data; if it has none, where the example is from."""
        source = self[self.column]
        if isinstance(source, str) and Path(source).is_relative_to(self.root):
            return Path(source).relative_to(self.root).as_posix()
        return super().where


def unreadable(mask: _Mask, facts: Facts) -> Iterator[Problem]:
    if mask.look.error:
        yield mask.error("unreadable-mask", f"the mask {mask.look.error}.")


def sizes(mask: _Mask, facts: Facts) -> Iterator[Problem]:
    """A mask that does not lie over its picture pixel by pixel."""
    size, picture = mask.look.size, _picture_size(mask, facts)
    if size and picture and size != picture:
        message = (
            f"the mask has {_shown(size)} px, its picture {mask.name} {_shown(picture)} (height x"
            " width). Make them equal; resize masks with nearest neighbour."
        )
        yield mask.error("mask-size", message)


def unknown_values(mask: _Mask, facts: Facts) -> Iterator[Problem]:
    """Pixels of no class."""
    unknown = mask.look.unknown
    if not unknown:
        return
    value, pixels = unknown[0]
    height, width = mask.look.size
    share = sum(n for _, n in unknown) / (height * width)
    more = f" and {len(unknown) - 1} more values" if len(unknown) > 1 else ""
    message = (
        f"the mask has {pixels:,} pixels of {_mask_files.shown(value)}{more} ({share:.1%} of the"
        f" mask), which none of the {len(facts.data.labels[mask.column])} classes has. Correct the"
        " mask or the file of classes."
    )
    yield mask.error("unknown-value", message)


def one_value(mask: _Mask, facts: Facts) -> Iterator[Problem]:
    present = np.flatnonzero(mask.look.counts)
    if len(present) == 1 and not mask.look.unknown:
        names = facts.data.labels[mask.column]
        what = names[present[0]] if present[0] < len(names) else "ignored"
        yield mask.warning("one-value", f"the mask is {what!r} everywhere. Look at it.")


def smoothed(mask: _Mask, facts: Facts) -> Iterator[Problem]:
    """A binary mask with values in between."""
    if mask.look.between:
        message = (
            f"{mask.look.between:.1%} of the mask's pixels lie between 0 and 255, as smoothing or"
            " JPEG makes them; each counts as the nearer end. Save masks as PNG."
        )
        yield mask.warning("smoothed-mask", message)


def interpolated(column: str, facts: Facts) -> Iterator[Problem]:
    """Masks of several classes that were scaled with interpolation, if most others were not.

    At their borders the ids between two classes stand where others go from one to the other at
    once.
    """
    own = [mask for mask in _masks(facts) if mask.column == column]
    sloped = [mask for mask in own if mask.look.ramps + mask.look.jumps >= SLOPES]
    found = [mask for mask in sloped if mask.look.ramps > mask.look.jumps]
    if len(found) * 2 > len(sloped):
        return
    for mask in found:
        message = (
            f"at its borders {mask.look.ramps:,} pixels have an id between those of both sides,"
            " unlike in other masks: was it scaled with interpolation? Resize masks with nearest"
            " neighbour."
        )
        yield mask.warning("smoothed-mask", message)


def in_channels(column: str, facts: Facts) -> Iterator[Problem]:
    """Grey masks in files of colours, counted."""
    own = [mask for mask in _masks(facts) if mask.column == column]
    found = [mask for mask in own if mask.look.has_channels]
    if found:
        message = (
            f"{len(found):,} of {len(own):,} masks are grey in three equal channels, and read as"
            f" one. The first: {found[0].where}."
        )
        yield Problem("note", "converted", column, message)


def shares(column: str, facts: Facts) -> Iterator[Problem]:
    """The classes of one column by pixel."""
    counts_by_split = pixel_counts(facts.data.labels[column], facts.masks[column])
    for split, counts in counts_by_split.items():
        total = sum(counts.values())
        if total:
            listed = ", ".join(f"{label} {n / total:.1%}" for label, n in counts.items())
            yield Problem("note", "pixels", split, f"classes of {column} by pixel: {listed}.")


def ignored(column: str, facts: Facts) -> Iterator[Problem]:
    """Pixels that count in neither loss nor metric."""
    for split, found in facts.masks[column].items():
        read = [look for look in found if look.counts]
        pixels = [_ignored(look) for look in read]
        total = sum(sum(look.counts) for look in read)
        if any(pixels):
            masks = sum(map(bool, pixels))
            message = (
                f"255 is ignored in {column}: {sum(pixels) / total:.1%} of the pixels, in {masks:,}"
                f" of {len(found):,} masks. If it is a class, list its value in classes.csv."
            )
            yield Problem("note", "ignored", split, message)


def _ignored(look: MaskLook) -> int:
    """Pixels of 255, without those of values that no class has."""
    return look.counts[IGNORE] - sum(n for value, n in look.unknown if value != IGNORE)


def _masks(facts: Facts) -> Iterator[_Mask]:
    """All masks, in the order of splits."""
    for column, by_split in facts.masks.items():
        for split, looks in by_split.items():
            for row, look in enumerate(looks):
                yield _Mask(split, facts.data.splits[split], row, column, look, facts.data.source)


def _columns(facts: Facts) -> list[str]:
    return list(facts.masks)


CHECKS = (
    over(_masks, unreadable),
    over(_masks, sizes),
    over(_masks, unknown_values),
    over(_masks, one_value),
    over(_masks, smoothed),
    over(_columns, interpolated),
    over(_columns, in_channels),
    over(_columns, shares),
    over(_columns, ignored),
)


def _picture_size(mask: _Mask, facts: Facts) -> tuple[int, ...]:
    """Of the picture that the mask belongs to; empty if it is unknown."""
    pictures = facts.looks.get("image", {}).get(mask.split)
    return pictures[mask.row].size if pictures else ()


def _by_name(names: list[str], counts: tuple[int, ...]) -> dict[str, int]:
    """{class: pixels} of the classes that have any."""
    return {name: n for name, n in zip(names, counts, strict=False) if n}


def _shown(size: tuple[int, ...]) -> str:
    height, width = size
    return f"{height} x {width}"
