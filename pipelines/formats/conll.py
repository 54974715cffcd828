"""Columns: a word and its tags a line, 2 to 14 columns by tab or space, a blank line between
sentences (CoNLL)."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _conll_columns as conll_columns
from pipelines.formats import _conllu_words as conllu_words
from pipelines.formats import _text_files as text_files
from pipelines.formats._conll_columns import MOST, UNUSED, Shape
from pipelines.formats._text_files import Sentence
from pipelines.formats.examples import SPLITS, Data, Problem, Unusable, errors, reason
from pipelines.ops import schemes

SUFFIXES = (".conll", ".conllu", ".conllup", ".conll2003", ".iob", ".iob2", ".bio", ".bioes")
PLAIN = ("", ".txt", ".tsv", ".train", ".dev", ".test", ".testa", ".testb")  # say nothing
LOOK = 20_000  # bytes of a file that tell whether it has this form
MANY = 100  # files of a folder that are looked at: thousands of them are something else
DOCUMENT = "-DOCSTART-"
LEARNED = ("ner", "upos", "pos")  # columns that can be learned, the first that there is

Line = tuple[int, str | None]  # (number, text, or None if it is not UTF-8)
Row = tuple[int, list[str]]  # (number, cells)


def detect(path: Path) -> bool:
    """Whether `path` is a file of columns, or a folder with one, by suffix or by its first
    lines."""
    files = [path] if path.is_file() else text_files.listed(path)
    return any(map(_fits, files[:MANY]))


def read(path: Path) -> Data:
    """Sentences with `tokens` and a list of text for each other column.

    What is called how: CoNLL-U by its ten columns or its suffix, CoNLL-U Plus by its first line,
    CoNLL-2003 by its four; else the first column (the second, if the first one counts) is
    `tokens`, or, if that one marks spans, the one of the others with the most values; the last
    whose values mark spans is `ner`, or, if none does, the last is `pos`; others are `column_1`
    and so on. One of `ner`, `upos` and `pos` becomes ids. A line that cannot be used becomes a
    Problem, and its sentence is left out. Raises PipelineError if a file as a whole cannot be
    read.
    """
    found, problems = text_files.files(path, _fits)
    names, rows = _sentences(found, problems)
    if not any(rows.values()):
        cause = reason(errors(problems), " A line needs a word and its tag.")
        raise PipelineError(f"{path} has no usable sentence.{cause}")
    others = [name for name in names if name != "tokens"]
    if not others:
        raise PipelineError(f"{path} has no column of tags. A line needs a word and its tag.")
    learned = next(filter(names.__contains__, LEARNED), others[-1])
    return text_files.tagged(path, "conll", rows, learned, [*names, "lines"], problems)


def _fits(file: Path) -> bool:
    """Whether a file has columns: its suffix says so, or its first lines have."""
    suffix = file.suffix.lower()
    if suffix in SUFFIXES or suffix not in PLAIN:
        return suffix in SUFFIXES
    return _have_columns(_beginning(file))


def _have_columns(lines: Sequence[str]) -> bool:
    """Whether nearly all lines have as many cells, and one of their columns marks spans."""
    shape = conll_columns.shape(lines)
    rows = shape.rows(lines)
    # A bad line is told of when all is read.
    if not 2 <= shape.width <= MOST or len(rows) * 10 < 9 * len(lines):
        return False
    first, *others = zip(*rows, strict=True)
    return conll_columns.has_types(first) or any(map(_marks_spans, others))


def _beginning(file: Path) -> list[str]:
    """The lines with words in the first bytes of a file; [] if it cannot be read."""
    try:
        with open(file, "rb") as stream:
            start = stream.read(LOOK).decode("utf-8", "replace")
    except OSError:
        return []
    return list(filter(_is_row, start.split("\n")[:-1]))


def _is_row(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(("#", DOCUMENT))


def _marks_spans(values: Sequence[str]) -> bool:
    return conll_columns.is_scheme(values) and set(values) != {"O"}


def _sentences(
    found: dict[str, list[Path]], problems: list[Problem]
) -> tuple[list[str], dict[str, list[Sentence]]]:
    """{split: files} -> (names of the columns that are used, {split: sentences})."""
    names: list[str] = []
    rows: dict[str, list[Sentence]] = {}
    for split in SPLITS:
        for file in found.get(split, ()):
            own, sentences = _read_file(file, problems)
            names = names or own
            if own != names:
                raise PipelineError(
                    f"{file} has the columns {', '.join(own)}, files before it"
                    f" {', '.join(names)}. Make them alike."
                )
            rows.setdefault(split, []).extend(sentences)
    return names, rows


@dataclass(frozen=True)
class _File:
    """One file of columns."""

    path: Path
    shape: Shape
    names: list[str]
    problems: list[Problem]
    spaced: list[int] = field(default_factory=list)  # lines without tabs among lines with them
    several: list[Row] = field(default_factory=list)  # words of several parts
    empty: list[Row] = field(default_factory=list)  # empty nodes of CoNLL-U

    def sentence(self, lines: Sequence[Line]) -> Sentence | None:
        """The lines between two blank ones; None if one of them is bad, or if there is no word."""
        rows = self._rows(lines)
        bad = [row for row in rows if self._is_bad(row[1])]
        self.problems.extend(self._bad_line(*row) for row in bad)
        is_whole = all(line is not None for _, line in lines)
        words = self._written(rows) if is_whole and not bad else []
        return self._columns(words) if words else None

    def _rows(self, lines: Sequence[Line]) -> list[Row]:
        """The numbers and cells of the lines that are words and UTF-8."""
        known = [(i, line) for i, line in lines if line is not None]
        body = list(itertools.dropwhile(self._is_comment, known))
        self.spaced.extend(i for i, line in body if self._is_spaced(line))
        return [(i, self.shape.cells(line)) for i, line in body]

    def _columns(self, words: Sequence[Row]) -> Sentence:
        numbers, rows = zip(*words, strict=True)
        columns = map(list, zip(*rows, strict=True))
        own = dict(zip(self.names, columns, strict=True))
        return self.path, numbers[0], {**own, "lines": list(numbers)}

    def _written(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The words as the text has them; [] if the parts of one are not there, which is a
        Problem."""
        if self.names[0] != "id":
            return rows
        try:
            words, several = conllu_words.joined(rows, self.names.index("tokens"))
        except Unusable as bad:
            where = f"{self.path.name}:{bad.where}"
            self.problems.append(Problem("error", bad.kind, where, str(bad), where))
            return []
        self.several.extend(several)
        self.empty.extend(conllu_words.empty_nodes(rows))
        return words

    def note_words(self) -> None:
        """Notes words of several parts, and empty nodes."""
        word = self.names.index("tokens")
        if self.several:
            line, cells = self.several[0]
            several = len(self.several)
            found = "1 word has" if several == 1 else f"{several:,} words have"
            message = (
                f"{found} several parts, such as {cells[word]!r}. Each is one"
                " word here, as in the text, with the tags of its parts, such as ADP+DET."
            )
            self.problems.append(
                Problem("note", "joined-words", f"{self.path.name}:{line}", message)
            )
        if self.empty:
            line, cells = self.empty[0]
            message = (
                f"{len(self.empty):,} empty nodes, such as {cells[0]}, are in no text and left out."
            )
            self.problems.append(
                Problem("note", "empty-nodes", f"{self.path.name}:{line}", message)
            )

    def note_spaced(self) -> None:
        """Warns of lines whose cells are separated by spaces if those of the others are by tabs."""
        if self.spaced:
            message = (
                f"{len(self.spaced):,} lines are split by spaces, the others by tabs; all are"
                " read. Use tabs."
            )
            where = f"{self.path.name}:{self.spaced[0]}"
            self.problems.append(Problem("warning", "mixed", where, message))

    def _is_spaced(self, line: str) -> bool:
        has_shape = len(line.split()) == self.shape.width
        return has_shape and self.shape.has_tabs and "\t" not in line

    def _is_comment(self, item: tuple[int, str]) -> bool:
        """Whether a line begins with # and is no word: it has another shape, or no tag."""
        begins, cells = item[1].startswith("#"), self.shape.cells(item[1])
        if not begins or self.names[0] == "id" or len(cells) != len(self.names):
            return begins
        return "ner" in self.names and not schemes.TAG.fullmatch(cells[self.names.index("ner")])

    def _is_bad(self, cells: Sequence[str]) -> bool:
        return len(cells) != self.shape.width or not all(map(str.strip, cells))

    def _bad_line(self, i: int, cells: Sequence[str]) -> Problem:
        what = f"has {len(cells)} columns, the others {self.shape.width}"
        if len(cells) == self.shape.width:
            what = "has an empty cell"
        message = f"this line {what}, and its sentence is left out. Correct it."
        where = f"{self.path.name}:{i}"
        return Problem("error", "row", where, message, where)


def _read_file(file: Path, problems: list[Problem]) -> tuple[list[str], list[Sentence]]:
    """One file -> (names of its columns that are used, its sentences)."""
    kept = list(text_files.lines(file, problems))
    reader = _reader(file, kept, problems)
    sentences = list(filter(None, map(reader.sentence, _groups(kept))))
    reader.note_spaced()
    reader.note_words()
    return [name for name in reader.names if name not in UNUSED], sentences


def _reader(file: Path, kept: Sequence[Line], problems: list[Problem]) -> _File:
    """Raises PipelineError if the lines have too few or too many columns, or are misnamed."""
    words = _words(kept)
    shape = conll_columns.shape([line for line in words if not line.startswith("#")])
    if not 2 <= shape.width <= MOST:
        found = f"{file} has {shape.width} column{'s' * (shape.width != 1)}"
        raise PipelineError(f"{found}; a word and its tag are needed, {MOST} columns at most.")
    names = conll_columns.named(file, kept[0][1] or "", shape, words)
    return _File(file, shape, names, problems)


def _words(kept: Sequence[Line]) -> list[str]:
    """The lines of all sentences that are UTF-8, and the comments before them."""
    return [line for group in _groups(kept) for _, line in group if line is not None]


def _groups(kept: Sequence[Line]) -> Iterator[list[Line]]:
    """Yields the lines between two that separate sentences."""
    for is_between, lines in itertools.groupby(kept, _is_between):
        if not is_between:
            yield list(lines)


def _is_between(item: Line) -> bool:
    """Whether a line separates two sentences."""
    line = item[1]
    return line is not None and (not line.strip() or line.startswith(DOCUMENT))
