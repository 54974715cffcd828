"""Pairs of texts by tab: a .tsv or .txt file, or one a split, with a text and its translation in
each line, as Tatoeba has them."""

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _text_files as text_files
from pipelines.formats import _text_pairs
from pipelines.formats.examples import SPLITS, Data, Problem

SUFFIXES = (".tsv", ".txt", ".tab")
LOOK = 20_000  # bytes of a file that tell whether it has this form
WORD = re.compile(r"[^\W\d_]")
SHARE = 0.75  # of the lines, at least, that have a tab
LETTERS = 4  # of a cell on average, at least, or it holds no texts
WORDS = 1.2  # of a cell on average, at least, if no header names the columns


def detect(path: Path) -> bool:
    """Whether `path` is a file of pairs by tab, or a folder with one."""
    files = [path] if path.is_file() else text_files.listed(path)
    return any(map(fits, files))


def fits(file: Path) -> bool:
    """Whether the header names two sides, or the first two cells of all lines hold texts."""
    if not file.is_file() or file.suffix.lower() not in SUFFIXES or file.name.startswith("."):
        return False
    with file.open("rb") as stream:
        content = stream.read(LOOK)
    lines = content.decode("utf-8", "replace").lstrip("\ufeff").splitlines()
    lines = lines[:-1] if len(content) == LOOK else lines
    rows = [line.split("\t") for line in lines if line.strip()]
    pairs = [row for row in rows if len(row) > 1]
    if len(pairs) < max(1, SHARE * len(rows)):
        return False
    return _header(rows[0]) is not None or _are_texts(pairs)


def read(path: Path) -> Data:
    """Each line as a pair of `source` and `target`, or of the two languages that a header names.

    Further cells, such as Tatoeba's licence, are not read. A line with one cell is an error. A file
    without a header has that of the file before. Raises PipelineError if a file as a whole cannot be
    read, or names other sides than one before.
    """
    found, problems = text_files.files(path, fits)
    rows: list[_text_pairs.Row] = []
    names: tuple[str, ...] = ()
    last = None
    for split in SPLITS:
        for file, i, line in text_files.filled(found, split, problems):
            cells = [cell.strip() for cell in line.split("\t")]
            header = _header(cells) if file != last else None
            last = file
            if header:
                names = _agreed(header, names, f"{file.name}:{i}")
                continue
            names = names or _text_pairs.SIDES
            rows += _row(split, file, i, cells, names, problems)
    return _text_pairs.data(path.resolve(), "text_pairs", rows, problems)


def _agreed(header: tuple[str, str], names: tuple[str, ...], where: str) -> tuple[str, str]:
    """The header, if it names the same sides as `names`, in any order, or there are none yet."""
    if names and set(names) != set(header):
        raise PipelineError(
            f"{where} names the sides {' and '.join(header)}, and lines before it have"
            f" {' and '.join(names)}. Head all files by the same two."
        )
    return header


def _row(
    split: str, file: Path, i: int, cells: list[str], names: tuple, problems: list[Problem]
) -> Iterator[_text_pairs.Row]:
    where = f"{file.name}:{i}"
    if len(cells) < 2:
        message = "the line needs a text, a tab and its translation. Correct it or delete it."
        problems.append(Problem("error", "row", where, message, where))
        return
    yield _text_pairs.Row(split, file.name, where, dict(zip(names, cells, strict=False)))


def _header(cells: list[str]) -> tuple[str, str] | None:
    """The names of both sides, if the first two cells are such."""
    if len(cells) < 2:
        return None
    first, second = (cell.strip() for cell in cells[:2])
    are_languages = all(map(_text_pairs.is_language, (first, second)))
    if (first, second) == _text_pairs.SIDES or (first != second and are_languages):
        return first, second
    return None


def _are_texts(rows: list[list[str]]) -> bool:
    """Whether the first two cells of lines hold words, on average, and nothing that is a table."""
    for side in zip(*(row[:2] for row in rows), strict=True):
        letters = sum(len(WORD.findall(cell)) for cell in side)
        words = sum(len(cell.split()) for cell in side)
        if letters < LETTERS * len(side) or words < WORDS * len(side):
            return False
    return True
