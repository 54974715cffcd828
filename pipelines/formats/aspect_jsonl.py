"""JSON lines of texts with aspects: {"text": "...", "aspects": [{"start": 4, "end": 11, "polarity":
"positive"}]} a line."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.formats import _aspects as aspects
from pipelines.formats import _text_files as text_files
from pipelines.formats._aspects import Aspect, Row
from pipelines.formats.examples import SPLITS, Data, Problem

SUFFIXES = (".jsonl", ".ndjson")
LOOK = 100_000  # bytes in which a line tells whether a file has this form


def detect(path: Path) -> bool:
    """Whether `path` is a file of JSON lines with a text and its aspects each, or a folder with
    one."""
    files = [path] if path.is_file() else path.iterdir()
    return any(map(fits, files))


def fits(file: Path) -> bool:
    """Whether the first line that is JSON has a text and a list of aspects."""
    if file.suffix.lower() not in SUFFIXES or file.name.startswith(".") or not file.is_file():
        return False
    with file.open("rb") as stream:
        start = stream.read(LOOK).decode("utf-8", "replace")
    return _is_ours(next(_values(start.splitlines()), None))


def read(path: Path) -> Data:
    """Texts with `text`, `aspects/start`, `aspects/end` and `aspects/polarity`.

    start, end: characters of the text, end exclusive; `term`, if it is there, is what stands there.
    A line that cannot be used becomes a Problem. Raises PipelineError if a file as a whole
    cannot be read.
    """
    found, problems = text_files.files(path, fits)
    rows = []
    for split in SPLITS:
        for file, i, line in text_files.filled(found, split, problems):
            where = f"{file.name}:{i}"
            try:
                rows.append(_row(split, file.name, where, line))
            except ValueError as error:
                message = f"{error}. Correct the line or delete it."
                problems.append(Problem("error", "row", where, message, where))
    return aspects.data(str(path.resolve()), "aspect_jsonl", rows, problems)


def _values(lines: list[str]) -> Iterator[Any]:
    """Yields what the lines hold that are JSON."""
    for line in lines:
        with contextlib.suppress(ValueError):
            yield text_files.json_of(line)


def _is_ours(value: Any) -> bool:
    is_object = isinstance(value, dict) and isinstance(value.get("text"), str)
    return is_object and isinstance(value.get("aspects"), list)


def _row(split: str, file: str, where: str, line: str) -> Row:
    """Raises ValueError with a reason."""
    value = text_files.json_of(line)
    if not _is_ours(value):
        raise ValueError('the line needs "text" and a list of "aspects"')
    return Row(split, file, where, value["text"], list(map(_aspect, value["aspects"])))


def _aspect(item: Any) -> Aspect:
    if not isinstance(item, dict):
        raise ValueError(f"{item!r} is no aspect: start, end and polarity are needed")
    start, end, polarity = (item.get(name) for name in ("start", "end", "polarity"))
    is_told = isinstance(polarity, (str, int))
    if not (isinstance(start, int) and isinstance(end, int) and is_told):
        raise ValueError(
            f"{item!r} is no aspect: start and end are whole numbers, polarity is text"
        )
    return Aspect(start, end, aspects.polarity(str(polarity)), str(item.get("term") or ""))
