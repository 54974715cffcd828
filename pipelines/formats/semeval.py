"""SemEval-2014's XML: <sentence> with a <text> and <aspectTerm term="" polarity="" from="" to="">;
a .seg file beside it may have the polarities of a test file without them."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _aspects as aspects
from pipelines.formats import _plain_xml as plain_xml
from pipelines.formats import _segments as segments
from pipelines.formats import _text_files as text_files
from pipelines.formats._aspects import Aspect, Row
from pipelines.formats.examples import SPLITS, Data, Problem, Unusable, inside

ROOT = "sentences"
TERM = "aspectTerm"


def detect(path: Path) -> bool:
    """Whether `path` is an XML file of sentences, or a folder with one."""
    files = [path] if path.is_file() else path.iterdir()
    return any(map(_fits, files))


def read(path: Path) -> Data:
    """Texts with `text`, `aspects/start`, `aspects/end` and `aspects/polarity`.

    A sentence that cannot be used becomes a Problem. Raises PipelineError if a file does not parse,
    or if none of its aspects has a polarity.
    """
    found, problems = text_files.files(path, _fits)
    gold = segments.read(_segment_files(path if path.is_dir() else path.parent))
    problems = [p for p in problems if not p.where.endswith(segments.SUFFIX)]
    rows: list[Row] = []
    for split in SPLITS:
        for file in found.get(split, ()):
            rows += _rows(split, file, gold, problems)
    return aspects.data(str(path.resolve()), "semeval", rows, problems)


def _fits(file: Path) -> bool:
    return plain_xml.begins(file, ROOT)


def _segment_files(folder: Path) -> list[Path]:
    """The .seg files of a folder, without links out of it."""
    files = sorted(folder.glob(f"*{segments.SUFFIX}"))
    return [file for file in files if inside(folder, file.name) is not None]


def _rows(
    split: str, file: Path, gold: Mapping[segments.Key, str], problems: list[Problem]
) -> Sequence[Row]:
    """The sentences of a file."""
    try:
        root = plain_xml.root(file.read_bytes(), ROOT, file.name)
    except Unusable as error:
        raise PipelineError(f"{error.where}: {error}") from error
    rows = []
    for sentence in root.iter("sentence"):
        where = f"{file.name}:{sentence.get(plain_xml.LINE)}"
        text = sentence.findtext("text") or ""
        try:
            found = [_aspect(term, text, gold) for term in sentence.iter(TERM)]
            rows.append(Row(split, file.name, where, text, found))
        except ValueError as error:
            message = f"{error}. Correct it or delete the sentence."
            problems.append(Problem("error", "row", where, message, where))
    _tell_unknown(file, rows, problems)
    return rows


def _aspect(term: ET.Element, text: str, gold: Mapping[segments.Key, str]) -> Aspect:
    """Raises ValueError with a reason."""
    said, start, end = term.get("term", ""), _offset(term, "from"), _offset(term, "to")
    own = term.get("polarity", "")
    if not own:
        return Aspect(start, end, gold.get(segments.key(text[:start], said, text[end:]), ""), said)
    return Aspect(start, end, aspects.polarity(own), said)


def _offset(term: ET.Element, name: str) -> int:
    try:
        return int(term.get(name, ""))
    except ValueError:
        given = term.get(name)
        raise ValueError(f"{name} must be a whole number; got {given!r}") from None


def _tell_unknown(file: Path, rows: Sequence[Row], problems: list[Problem]) -> None:
    """Raises PipelineError if all aspects of a file lack a polarity; else notes how many do."""
    every = [aspect for row in rows for aspect in row.aspects]
    without = sum(not aspect.polarity for aspect in every)
    if without and without == len(every):
        raise PipelineError(
            f"{file} has no polarity of any aspect. Put its gold file beside it, called"
            f" *{segments.SUFFIX}, with the same sentences; or move it away."
        )
    if without:
        message = f"{without:,} of {len(every):,} aspects have no polarity, and are left out."
        problems.append(Problem("note", "no-polarity", file.name, message))
