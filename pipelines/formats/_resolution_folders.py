"""Which folders hold pictures at a high and at a low resolution: HR/ and LR/, NAME_HR/ and NAME_LR_x2/."""

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
    low = [(LOW.fullmatch(folder.name), folder) for folder in found]
    lows = {match[1]: folder for match, folder in reversed(low) if match}
    for folder in found:
        match = HIGH.fullmatch(folder.name)
        if match and match[1] in lows:
            yield split_in_name(folder) or split, _at_a_scale(lows[match[1]]), folder


def _at_a_scale(folder: Path) -> Path:
    """The first of the folders X2, X3, X4 in a folder of low resolution, or the folder itself."""
    scales = [inner for inner in folders(folder) if SCALE.fullmatch(inner.name)]
    return next(iter(scales), folder)
