"""Lines of columns (CoNLL): how cells are separated, how many there are, what each is called."""

import collections
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.ops import schemes

MOST = 14  # columns, in CoNLL-2009
CONLLU = ("id", "tokens", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
KNOWN = {4: ("tokens", "pos", "chunks", "ner")}  # CoNLL-2003
GLOBAL = "# global.columns ="  # what the first line of CoNLL-U Plus begins with
NAMES = {
    "form": "tokens",
    "word": "tokens",
    "words": "tokens",
    "token": "tokens",
}  # of CoNLL-U Plus
UNUSED = ("id", "_")  # names of columns that are passed over
ID = re.compile(r"\d+([-.]\d+)?")


@dataclass(frozen=True)
class Shape:
    """How the cells of most lines are separated, and how many there are."""

    has_tabs: bool
    width: int

    def cells(self, line: str) -> list[str]:
        """The cells of a line. One without tabs among lines with them is separated by spaces."""
        return line.split("\t") if self.has_tabs and "\t" in line else line.split()

    def rows(self, lines: Sequence[str]) -> list[list[str]]:
        """The cells of all lines that have this shape."""
        rows = map(self.cells, lines)
        return [cells for cells in rows if len(cells) == self.width]


def shape(lines: Sequence[str]) -> Shape:
    """The shape of most lines; without lines the width is 0."""
    has_tabs = sum("\t" in line for line in lines) * 2 > len(lines)
    cells = Shape(has_tabs, 0).cells
    widths = collections.Counter(len(cells(line)) for line in lines)
    return Shape(has_tabs, max(widths, key=widths.__getitem__, default=0))


def named(file: Path, header: str, shape: Shape, lines: Sequence[str]) -> list[str]:
    """A name for each column; those in UNUSED are not used.

    header: the file's first line. Raises PipelineError if it names other columns than there are.
    """
    if header.startswith(GLOBAL):
        return _declared(file, header, shape.width)
    columns = _columns(shape, lines)
    counts = all(map(ID.fullmatch, columns[0]))
    return _known(file, columns, counts) or _guessed(columns, counts)


def is_scheme(values: Sequence[str]) -> bool:
    """Whether values mark spans: nearly all, so that a slip of the pen is found as such."""
    return schemes.odd(values) * schemes.RARE <= len(values)


def has_types(values: Sequence[str]) -> bool:
    """Whether values mark spans with their types: words, such as I, do not."""
    return is_scheme(values) and any("-" in value for value in values)


def _columns(shape: Shape, lines: Sequence[str]) -> list[list[str]]:
    rows = [cells for cells in shape.rows(lines) if cells[0] != "#"]
    return [[cells[i] for cells in rows] for i in range(shape.width)]


def _declared(file: Path, header: str, width: int) -> list[str]:
    """The names that the first line of CoNLL-U Plus gives."""
    said = header.removeprefix(GLOBAL).lower().split()
    names = [NAMES.get(name, name.replace(":", "_")) for name in said]
    if len(names) == width and "tokens" in names:
        return names
    found = f"{file}:1 names {len(names)} columns with FORM among them; the lines have {width}."
    raise PipelineError(found)


def _known(file: Path, columns: Sequence[list[str]], counts: bool) -> list[str] | None:
    """The names that a standard gives to so many columns. counts: whether the first counts."""
    if len(columns) == len(CONLLU) and (counts or file.suffix.lower() == ".conllu"):
        return list(CONLLU)
    if len(columns) in KNOWN and not counts and is_scheme(columns[-1]):
        return list(KNOWN[len(columns)])
    return None


def _guessed(columns: Sequence[list[str]], counts: bool) -> list[str]:
    """Names by what the columns hold. counts: whether the first one counts the words."""
    names = [f"column_{i + 1}" for i in range(len(columns))]
    first = int(counts and len(columns) > 2)
    names[:first] = ["id"] * first
    word = _word(columns, first)
    tags, name = _tags(columns, first, word)
    names[word], names[tags] = "tokens", name
    return names


def _tags(columns: Sequence[list[str]], first: int, word: int) -> tuple[int, str]:
    """Which column holds the tags, and its name: the last that marks spans, or just the last."""
    others = [i for i in range(first, len(columns)) if i != word]
    marking = [i for i in others if is_scheme(columns[i])]
    return (marking[-1], "ner") if marking else (len(columns) - 1, "pos")


def _word(columns: Sequence[Sequence[str]], first: int) -> int:
    """Which column holds the words: the first, or the most varied if tags come first."""
    if not has_types(columns[first]):
        return first
    others = [i for i in range(first, len(columns)) if not is_scheme(columns[i])]
    return max(others, key=lambda i: len(set(columns[i])), default=first)
