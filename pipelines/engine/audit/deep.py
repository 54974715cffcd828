"""Grey pictures of more than 8 bits: which values are black and white for all of them, and what is
left.

Cameras write 10, 12 or 14 bits into files of 16, tomographs signed numbers, and measurements
floats. A file does not say which of its values is white, so the training split's range decides for
all.
"""

import itertools
import statistics
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from pipelines.edge import pictures as edge
from pipelines.engine.audit.facts import Facts, Levels, Look
from pipelines.formats.examples import Problem

STEPS = 256  # of 8 bits
FEW = 64  # levels: fewer are a warning, if the picture had more
SAMPLED = 512  # rows and columns of a large picture in which levels are counted
LOOKS = Mapping[str, Mapping[str, list[Look]]]  # column -> split -> a Look per example


def levels(encoded: bytes) -> Levels | None:
    """The grey levels of a picture with more than 8 bits. Raises ValueError if it is unreadable."""
    found = edge.deep(encoded)
    if found is None:
        return None
    kind, grey = found
    finite = grey[np.isfinite(grey)]
    if not finite.size:
        return Levels(kind, 0.0, 0.0, 0, grey.size)
    height, width = grey.shape
    sample = grey[:: -(-height // SAMPLED), :: -(-width // SAMPLED)]
    count = len(np.unique(sample[np.isfinite(sample)]))
    strange = grey.size - finite.size
    return Levels(kind, float(finite.min()), float(finite.max()), count, strange)


def ranges(looks: LOOKS) -> list[str]:
    """How such pictures are scaled, by the training split; see `edge.pictures.ranges_of`."""
    found = []
    for kind in ("float", "integer"):
        own = [one for one in _deep(_of_split(looks, "train"), kind) if one.count]
        if own:
            black, white = min(one.low for one in own), max(one.high for one in own)
            found.append(f"{kind} {black!r} {white!r}")
    return found


def _deep(looks: Iterable[Look], kind: str) -> list[Levels]:
    """The levels of the pictures of a kind, float or integer."""
    found = (look.levels for look in looks)
    return [levels for levels in found if levels and levels.kind == kind]


def scaled(facts: Facts) -> Iterator[Problem]:
    """Says how many levels are left, and which pictures of other splits are cut."""
    known = {line.split()[0]: tuple(map(float, line.split()[1:])) for line in ranges(facts.looks)}
    for column, by_split in facts.looks.items():
        every = itertools.chain.from_iterable(by_split.values())
        whole = [look for look in every if not look.error]
        for kind, (black, white) in known.items():
            if deep := _deep(whole, kind):
                yield _said(column, deep, len(whole), black, white)
        yield from _beyond(column, by_split, known)


def not_finite(facts: Facts) -> Iterator[Problem]:
    """Numbers that are none."""
    for by_split in facts.looks.values():
        for split, looks in by_split.items():
            places = facts.data.splits[split].where
            for where, look in zip(places, looks, strict=True):
                if look.levels and look.levels.strange:
                    message = (
                        f"{look.levels.strange:,} pixels are no finite numbers; they are read as 0."
                        " Correct them."
                    )
                    yield Problem("warning", "not-finite", where, message)


def _said(column: str, deep: list[Levels], count: int, black: float, white: float) -> Problem:
    left = [_left(one, black, white) for one in deep]
    had = statistics.median(one.count for one in deep)
    middle = statistics.median(left)
    message = (
        f"{len(deep):,} of {count:,} pictures have more than 8 bits. All are scaled alike:"
        f" {black:g} is black and {white:g} white, the least and the largest of train. A picture"
        f" keeps {middle:.0f} of {had:,.0f} levels in the middle, {min(left)} at least."
    )
    if middle < FEW and middle < had:
        advice = " Single pixels may be far off the others: look for them, and scale the pictures."
        return Problem("warning", "few-levels", column, message + advice)
    return Problem("note", "levels", column, message)


def _left(own: Levels, black: float, white: float) -> int:
    """How many levels a picture has in 8 bits, about."""
    share = (own.high - own.low) / (white - black) if white > black else 0.0
    return int(min(own.count, round(min(share, 1.0) * (STEPS - 1)) + 1))


def _beyond(
    column: str, by_split: Mapping[str, list[Look]], known: Mapping[str, tuple[float, ...]]
) -> Iterator[Problem]:
    """Warns of pictures outside of train whose values go beyond those of train."""
    for split, looks in by_split.items():
        deep = (look.levels for look in looks)
        out = [
            one for one in deep if one and one.count and not _is_within(one, known.get(one.kind))
        ]
        if out:
            low, high = min(one.low for one in out), max(one.high for one in out)
            message = (
                f"{len(out):,} of {len(looks):,} pictures have values beyond those of train, from"
                f" {low:g} to {high:g}: they are cut."
            )
            yield Problem("warning", "beyond-levels", f"{column} of {split}", message)


def _is_within(own: Levels, known: tuple[float, ...] | None) -> bool:
    """Whether a picture's range is that of train, but for a step of 8 bits."""
    if known is None:
        return False
    black, white = known
    step = (white - black) / STEPS
    return own.low >= black - step and own.high <= white + step


def _of_split(looks: LOOKS, split: str) -> Iterable[Look]:
    return [look for by_split in looks.values() for look in by_split.get(split, ())]


CHECKS = (scaled, not_finite)
