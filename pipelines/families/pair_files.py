"""Pairs of pictures that are to be told apart, in the form of Labeled Faces in the Wild."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.errors import PipelineError

NAME = "pairs.txt"  # as it is called in a folder of pictures
FORM = "NAME<tab>1<tab>2 for two pictures of one, NAME<tab>1<tab>OTHER<tab>2 of two"


def read(path: Path, pictures: Mapping[tuple[str, int], str]) -> dict[str, list]:
    """{"left", "right": names of examples, "is_same": bool, "fold": int}, a row for each line.

    pictures: {(class, number at the end of the file's name): name of the example}. The first line
    may say how many sets there are, and how many pairs of either sort each has: `10<tab>300`;
    without the first number there is one set. Raises PipelineError that names file and line if a
    picture is missing or a line is anything else.
    """
    sets, a_sort, rows = _rows(path)
    table: dict[str, list] = {"left": [], "right": [], "is_same": [], "fold": []}
    for row, (number, left, right) in enumerate(rows):
        for side, key in (("left", left), ("right", right)):
            table[side].append(_found(key, pictures, f"{path}:{number}"))
        table["is_same"].append(left[0] == right[0])
        table["fold"].append(row // (2 * a_sort) if sets > 1 else row % 10)
    if len(set(table["is_same"])) < 2:
        raise PipelineError(
            f"{path} needs pairs of one class and pairs of two; it has {len(rows)} pairs, all of a"
            f" sort. A line is {FORM}."
        )
    return table


def people(path: Path) -> set[str]:
    """The classes that a file of pairs names. Raises PipelineError as `read` does."""
    _, _, rows = _rows(path)
    return {key[0] for _, left, right in rows for key in (left, right)}


def _rows(path: Path) -> tuple[int, int, list[tuple]]:
    """(sets, pairs of either sort in each, [(number of the line, left, right)])."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path} cannot be read as pairs of pictures: {error}.") from error
    sets, a_sort, begin = _head(lines)
    told = [(i, line) for i, line in enumerate(lines[begin:], begin + 1) if line.strip()]
    return sets, a_sort, [(i, *_pair(line, f"{path}:{i}")) for i, line in told]


def _head(lines: Sequence[str]) -> tuple[int, int, int]:
    """(sets, pairs of either sort in each, lines that say so)."""
    words = lines[0].split() if lines else []
    if not words or len(words) > 2 or not all(word.isdecimal() for word in words):
        return 1, 1, 0
    numbers = [max(1, int(word)) for word in words]
    return (numbers[0], numbers[1], 1) if len(numbers) == 2 else (1, numbers[0], 1)


def _pair(line: str, where: str) -> tuple[tuple[str, int], tuple[str, int]]:
    words = line.strip().split("\t") if "\t" in line else line.split()
    numbers = words[1:] if len(words) == 3 else words[1::2]
    if len(words) not in (3, 4) or not all(re.fullmatch(r"\d{1,9}", word) for word in numbers):
        raise PipelineError(f"{where} is no pair of pictures: a line is {FORM}; got {line[:80]!r}.")
    first = (words[0], int(words[1]))
    if len(words) == 3:
        return first, (words[0], int(words[2]))
    return first, (words[2], int(words[3]))


def _found(key: tuple[str, int], pictures: Mapping[tuple[str, int], str], where: str) -> str:
    if key not in pictures:
        raise PipelineError(
            f"{where} names picture {key[1]} of {key[0]!r}, which is not in the data. Add it, or"
            " take the line out."
        )
    return pictures[key]


def numbered(names: Sequence[str], classes: Sequence[str]) -> dict[tuple[str, int], str]:
    """{(class, number at the end of the file's name): name} of examples, as `read` takes it."""
    found = {}
    for name, label in zip(names, classes, strict=True):
        digits = re.search(r"(\d{1,9})$", Path(name).stem)
        if digits:
            found[label, int(digits[1])] = name
    return found
