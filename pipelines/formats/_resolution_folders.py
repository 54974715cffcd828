"""Which folders hold pictures at a high and at a low resolution: HR/ and LR/, NAME_HR/ and
NAME_LR_x2/."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.formats._folders import folders
from pipelines.formats._text_files import split_in_name

HIGH = re.compile(r"(.*[_-])?hr", re.IGNORECASE)
SCALE = re.compile(r"x[2348]", re.IGNORECASE)
LOW = re.compile(r"(.*[_-])?lr(?:[_-].*)?", re.IGNORECASE)


def pairs(inside: Iterable[Path], split: str) -> Iterator[tuple[str, Path, Path]]:
    """Yields (split, folder of low, folder of high resolution) among the folders `inside` another.

    split: of those whose names say none. A high resolution with several low ones is paired with
    the first in the order of names.
    """
    found = sorted(inside)
    highs, lows = _stems(HIGH, found), _stems(LOW, found)
    for stem in filter(lows.__contains__, highs):
        yield split_in_name(highs[stem]) or split, _at_a_scale(lows[stem]), highs[stem]


def _stems(pattern: re.Pattern, inside: Iterable[Path]) -> dict[str | None, Path]:
    """{what a name begins with: the first folder that is called so}."""
    found: dict[str | None, Path] = {}
    for folder in inside:
        if match := pattern.fullmatch(folder.name):
            found.setdefault(match[1], folder)
    return found


def _at_a_scale(folder: Path) -> Path:
    """The first of the folders X2, X3, X4 in a folder of low resolution, or the folder itself."""
    scales = [inner for inner in folders(folder) if SCALE.fullmatch(inner.name)]
    return next(iter(scales), folder)
