"""CoNLL-U's words of several parts, such as `1-2 du`, `1 de`, `2 le`, as the text has them.

A device gets text, in which `du` is a word and `de le` is nowhere. So a written word is one word
here, with the tags of its parts: ADP+DET. Empty nodes (8.1) are in no text and are left out.
"""

import re
from collections.abc import Sequence

from pipelines.formats.examples import Unusable
from pipelines.ops import schemes

RANGE = re.compile(r"(\d{1,6})-(\d{1,6})")
NOTHING = "_"  # in a cell

Row = tuple[int, list[str]]  # (number of the line, cells), the first of which counts the words


def empty_nodes(rows: Sequence[Row]) -> list[Row]:
    """The rows that stand for no word of the text."""
    return [row for row in rows if "." in row[1][0]]


def joined(rows: Sequence[Row], words: int) -> tuple[list[Row], list[Row]]:
    """(a row for each written word, those of them that have several parts), without empty nodes.

    words: the column of the words. Raises Unusable, with the line as `where`, if the parts that a
    row names do not follow it.
    """
    rows = [row for row in rows if "." not in row[1][0]]
    found, several, at = [], [], 0
    while at < len(rows):
        line, cells = rows[at]
        parts = _parts(rows, at)
        if parts:
            row = line, _one(cells, parts, words)
            several.append(row)
        found.append(row if parts else (line, cells))
        at += 1 + len(parts)
    return found, several


def _parts(rows: Sequence[Row], at: int) -> list[list[str]]:
    """The cells of the parts of the word in row `at`; [] if it is a word by itself."""
    line, cells = rows[at]
    if "-" not in cells[0]:
        return []
    match = RANGE.fullmatch(cells[0])
    first, last = map(int, match.groups()) if match else (0, 0)
    parts = [own for _, own in rows[at + 1 : at + 2 + last - first]]
    wanted = list(map(str, range(first, last + 1)))
    if not first < last or [own[0] for own in parts] != wanted:
        raise Unusable(
            "row",
            f"the words that {cells[0]} names do not follow it, and its sentence is left out."
            " Correct the numbers.",
            str(line),
        )
    return parts


def _one(cells: Sequence[str], parts: Sequence[Sequence[str]], words: int) -> list[str]:
    """The cells of a written word: its own, and those of its parts in place of empty ones."""
    columns = zip(*parts, strict=True)
    own = [
        cell if cell != NOTHING else _tag(values)
        for cell, values in zip(cells, columns, strict=True)
    ]
    own[words] = cells[words]
    return own


def _tag(values: Sequence[str]) -> str:
    """What the parts say together: B-PER of O and B-PER, else ADP+DET of ADP and DET."""
    said = [value for value in values if value != NOTHING]
    if len(set(said)) < 2:
        return next(iter(said), NOTHING)
    if all(map(schemes.TAG.fullmatch, said)):
        return next(value for value in said if value != "O")
    return "+".join(said)
