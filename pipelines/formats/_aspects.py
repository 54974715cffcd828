"""What the readers of aspects share: texts with places in them, each with a polarity."""

import collections
import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pipelines.errors import PipelineError, nearest
from pipelines.formats import _offsets as offsets
from pipelines.formats._text_files import counted, digest
from pipelines.formats.examples import (
    SPLITS,
    UNLABELLED,
    Data,
    Examples,
    Problem,
    cut_splits,
    errors,
    reason,
)

POLARITIES = ("negative", "neutral", "positive", "conflict")
OTHERS = {  # as other tools call them
    "neg": "negative", "-1": "negative", "neu": "neutral", "0": "neutral", "pos": "positive",
    "1": "positive", "both": "conflict", "mixed": "conflict",
}  # fmt: skip
START, END, POLARITY = "aspects/start", "aspects/end", "aspects/polarity"  # as TFDS has them


class Aspect(NamedTuple):
    """One aspect, as a file has it. term: "" if the file does not say; polarity: "" likewise."""

    start: int
    end: int
    polarity: str
    term: str = ""


class Row(NamedTuple):
    """One text. where: file:line."""

    split: str
    file: str
    where: str
    text: str
    aspects: Sequence[Aspect]


def polarity(name: str) -> str:
    """One of POLARITIES for what a file calls it. Raises ValueError with a reason."""
    lower = name.strip().lower()
    found = OTHERS.get(lower, lower)
    if found not in POLARITIES:
        raise ValueError(f"{name!r} is no polarity. {nearest(lower, POLARITIES)}")
    return found


def data(source: str, format: str, rows: Sequence[Row], problems: list[Problem]) -> Data:
    """Rows -> Data with `text` and a list of each of START, END and POLARITY.

    Offsets in bytes or UTF-16 units are read as such, and a term that stands elsewhere is found if
    it is in the text once; both are said. A text is never in two of the splits that are cut. Raises
    PipelineError if there is no text.
    """
    rows = list(_placed(_in_characters(rows, problems), problems))
    if not rows:
        raise PipelineError(f"{source} has no usable text.{reason(errors(problems), ' Add some.')}")
    names = list(map(counted(), [f"{row.file}/{digest(row.text)}" for row in rows]))
    said = {name: digest(row.text) for name, row in zip(names, rows, strict=True)}
    splits = {}
    for split in SPLITS:
        own = {n: row for n, row in zip(names, rows, strict=True) if row.split == split}
        if own:
            splits[split] = _examples(own)
    labels = {POLARITY: list(POLARITIES)}
    return Data(source, format, cut_splits(splits, said.__getitem__), labels, problems)


def _examples(rows: dict[str, Row]) -> Examples:
    every = [row.aspects for row in rows.values()]
    columns: dict[str, list] = {"text": [row.text for row in rows.values()]}
    for column, name in ((START, "start"), (END, "end"), (POLARITY, "polarity")):
        columns[column] = [list(map(operator.attrgetter(name), own)) for own in every]
    columns[POLARITY] = [list(map(_id, own)) for own in columns[POLARITY]]
    return Examples(list(rows), columns, [row.where for row in rows.values()])


def _id(name: str) -> int:
    return POLARITIES.index(name) if name else UNLABELLED


def _in_characters(rows: Sequence[Row], problems: list[Problem]) -> Iterator[Row]:
    """Yields rows with offsets in characters, whatever each file counts."""
    files = collections.defaultdict(list)
    for row in rows:
        files[row.file].append(row)
    for file, own in files.items():
        places = [_place(row, aspect) for row in own for aspect in row.aspects]
        unit = offsets.unit(places)
        if unit != offsets.CHARACTERS:
            message = f"its offsets count {unit}, not characters, and are read so. Look at them."
            problems.append(Problem("warning", "offsets", file, message))
        for row in own:
            found = offsets.moved([_place(row, aspect) for aspect in row.aspects], unit)
            pairs = zip(row.aspects, found, strict=True)
            yield row._replace(aspects=[a._replace(start=p.start, end=p.end) for a, p in pairs])


def _place(row: Row, aspect: Aspect) -> offsets.Place:
    return offsets.Place(row.text, aspect.start, aspect.end, aspect.term)


def _placed(rows: Iterable[Row], problems: list[Problem]) -> Iterator[Row]:
    """Yields the rows whose aspects are all within their text, at their terms."""
    for row in rows:
        try:
            aspects = [_at_its_term(row, aspect, problems) for aspect in row.aspects]
        except ValueError as error:
            message = f"{error}. Correct the offsets or delete the aspect."
            problems.append(Problem("error", "offsets", row.where, message, row.where))
            continue
        yield row._replace(aspects=sorted(aspects))


def _at_its_term(row: Row, aspect: Aspect, problems: list[Problem]) -> Aspect:
    """The aspect, moved to its term. Raises ValueError with a reason if that cannot be known."""
    text, (start, end, _, term) = row.text, aspect
    is_inside = 0 <= start < end <= len(text)
    if is_inside and term in ("", text[start:end]):
        return aspect
    if not term or text.count(term) != 1:
        there = f"has {text[start:end]!r} there" if is_inside else f"has {len(text)} characters"
        what = f"the term {term!r}" if term else "an aspect"
        raise ValueError(f"{what} is not at {start} to {end} of the text, which {there}")
    at = text.index(term)
    message = f"the term {term!r} stands at {at}, not at {start}; it is read there."
    problems.append(Problem("warning", "offsets", row.where, message))
    return aspect._replace(start=at, end=at + len(term))
