"""YOLO's label files: where that of a picture lies, and what its lines say."""

import math
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pipelines.errors import PipelineError
from pipelines.formats._folders import visible
from pipelines.formats._lines import lines_of
from pipelines.formats._paths import Paths
from pipelines.formats._picture_files import is_picture
from pipelines.formats.examples import PICTURE_SUFFIXES, Unusable, inside

SLACK = 1e-2  # shares that rounding may put a box beyond the picture
SUFFIX = ".txt"
CELLS = 5  # class, centre x y, width, height
LOOKED_AT = 20  # label files that tell whether a folder is of this kind


class Row(NamedTuple):
    """One line of a label file. where: file:line."""

    label: int
    box_yxyx: list[float]  # shares of the picture
    where: str


def place(name: str) -> str:
    """The label file of a picture: the last folder called images becomes labels."""
    path = PurePosixPath(name)
    is_known = path.suffix.lower() in PICTURE_SUFFIXES
    file = path.stem if is_known or not path.suffix[1:].isdigit() else path.name
    folders = list(path.parts[:-1])
    lower = [folder.lower() for folder in folders]
    if "images" in lower:
        folders[len(lower) - 1 - lower[::-1].index("images")] = "labels"
    return "/".join((*folders, file + SUFFIX))


def find(paths: Paths, name: str) -> str | None:
    """The label file of a picture, by name, if there is one.

    Raises Unusable if it is a link out of the data.
    """
    expected = place(name)
    with_suffix = f"{expected.removesuffix(SUFFIX)}{PurePosixPath(name).suffix}{SUFFIX}"
    options = [expected, with_suffix]
    if not (paths.root / expected).parent.is_dir():
        options.append(str(PurePosixPath(name).with_suffix(SUFFIX)))  # beside the picture
    for option in options:
        try:
            return paths.name(option)
        except Unusable as bad:
            if bad.kind == "outside" and inside(paths.root, name):
                message = "this link leads out of the data. Copy the file here."
                raise Unusable("outside", message, option) from bad
    return None


def rows(root: Path, file: str, most: float) -> list[Row]:
    """What a label file says. most: what a class id is below. Raises Unusable."""
    found: list[Row] = []
    for i, line in enumerate(_lines(root, file), 1):
        where, cells = f"{file}:{i}", line.split()
        try:
            if cells:
                found.append(Row(*_parsed(cells, most), where))
        except ValueError as error:
            raise Unusable("annotation", f"{error}.", where) from error
    return found


def beside(folder: Path) -> bool:
    """Whether label files lie among the pictures of a folder."""
    entries = [Path(entry.path) for entry in visible(folder) if entry.is_file()]
    texts = {file.stem: file for file in entries if file.suffix.lower() == SUFFIX}
    pictures = (file for file in entries if file.stem in texts and file.suffix.lower() != SUFFIX)
    files = [texts[file.stem] for file in pictures if is_picture(file)]
    return any(map(_is_of_boxes, files[:LOOKED_AT]))


def _is_of_boxes(file: Path) -> bool:
    """Whether a file holds lines of boxes and nothing else."""
    try:
        lines = [line.split() for line in lines_of(file)]
        filled = list(filter(None, lines))
        return bool(filled) and all(len(_numbers(cells)) == CELLS for cells in filled)
    except (PipelineError, ValueError):
        return False


def _lines(root: Path, file: str) -> list[str]:
    try:
        return lines_of(root / file)
    except PipelineError as error:
        message = "this file is no UTF-8 text. Restore or delete it."
        raise Unusable("annotation", message, file) from error


def _parsed(cells: Sequence[str], most: float) -> tuple[int, list[float]]:
    """The cells of a line -> (class id below `most`, box yxyx in shares). Raises ValueError."""
    label, *box = _numbers(cells)
    if not label.is_integer() or not 0 <= label < most:
        raise ValueError(f"the class must be a whole number from 0; got {cells[0]!r}. Correct it")
    if not _is_inside(*box):
        raise _no_shares(cells[1:])
    x, y, width, height = box
    return int(label), [y - height / 2, x - width / 2, y + height / 2, x + width / 2]


def _is_inside(x: float, y: float, width: float, height: float) -> bool:
    return max(x, y, width, height) <= 1 + SLACK and min(x, y) >= -SLACK


def _no_shares(cells: Sequence[str]) -> ValueError:
    said = repr(" ".join(cells))
    message = f"coordinates are shares of the picture, 0 to 1; got {said}."
    return ValueError(f"{message} Divide pixels by its sides")


def _numbers(cells: Sequence[str]) -> list[float]:
    """The five numbers of a line."""
    if len(cells) != CELLS:
        raise _wrong_count(len(cells))
    said = repr(" ".join(cells))
    try:
        numbers = list(map(float, cells))
    except ValueError:
        raise ValueError(f"a line has five numbers; got {said}. Correct it") from None
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"a number is not finite: {said}. Correct it")
    return numbers


def _wrong_count(count: int) -> ValueError:
    is_polygon = count >= 7 and count % 2
    advice = "Polygons are for segmentation" if is_polygon else "Correct it"
    message = f"a line has five numbers, class x y width height; this one has {count}."
    return ValueError(f"{message} {advice}")
