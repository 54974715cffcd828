"""JSON lines of texts with a class each: {"text": "...", "label": "..."} a line."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.formats import _labelled_text as labelled_text
from pipelines.formats import _text_files as text_files
from pipelines.formats.examples import SPLITS, Data, Problem

SUFFIXES = (".jsonl", ".ndjson")
LOOK = 100_000  # bytes in which a line tells whether a file has this form
TEXT = ("text", "sentence")
LABEL = ("label", "class", "category", "labels")
SEVERAL = "labels"  # whose list may be empty
BETWEEN = labelled_text.BETWEEN


def detect(path: Path) -> bool:
    """Whether `path` is a file of JSON lines with a text and a label each, or a folder with one."""
    files = [path] if path.is_file() else path.iterdir()
    return any(map(fits, files))


def fits(file: Path) -> bool:
    """Whether the first line that is JSON, and has not an empty list of labels, has text and
    label."""
    if file.suffix.lower() not in SUFFIXES or file.name.startswith(".") or not file.is_file():
        return False
    with file.open("rb") as stream:
        start = stream.read(LOOK).decode("utf-8", "replace")
    values = objects(start.splitlines())
    first = next((value for value in values if not _is_bare(value)), None)
    return _parsed(first) is not None


def objects(lines: list[str]) -> Iterator[Any]:
    """Yields what the lines hold that are JSON."""
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError):
            yield json.loads(line)


def read(path: Path) -> Data:
    """Texts with `text` and `label`. A label is text, a number, true or false, or a list of texts.

    A line that cannot be used becomes a Problem. Raises PipelineError if a file as a whole
    cannot be read.
    """
    found, problems = text_files.files(path, fits)
    rows = []
    for split in SPLITS:
        for file, i, line in text_files.filled(found, split, problems):
            where = f"{file.name}:{i}"
            try:
                text, label = _text_and_label(line)
                rows.append(labelled_text.Row(split, file.name, where, text, label))
            except ValueError as error:
                message = f"{error}. Correct the line or delete it."
                problems.append(Problem("error", "row", where, message, where))
    return labelled_text.data(path.resolve(), "text_jsonl", rows, problems)


def _text_and_label(line: str) -> tuple[str, str]:
    """Raises ValueError with a reason."""
    parsed = _parsed(text_files.json_of(line))
    if not parsed:
        raise ValueError(
            'the line needs a text and a label, such as {"text": "it rains", "label": "wet"}'
        )
    return parsed


def _is_bare(value: Any) -> bool:
    """Whether a line says that a text has none of several labels."""
    return isinstance(value, dict) and value.get(SEVERAL) == []


def _parsed(value: Any) -> tuple[str, str] | None:
    """A line's value -> (text, label), or None."""
    if not isinstance(value, dict):
        return None
    texts = (value[name] for name in TEXT if isinstance(value.get(name), str))
    labels = (value[name] for name in LABEL if _is_label(value.get(name)))
    text, label = next(texts, None), _written(next(labels, ""))
    is_told = label or _is_bare(value)
    return (text.strip(), label) if text is not None and is_told else None


def _is_label(value: Any) -> bool:
    """Text, a number, or a list of texts of which none holds BETWEEN."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(own, str) and BETWEEN not in own for own in value)
    return isinstance(value, (str, int, float))


def _written(label: Any) -> str:
    """A label as a cell of a table holds it; several with BETWEEN between them."""
    return BETWEEN.join(map(str, label)) if isinstance(label, list) else str(label).strip()
