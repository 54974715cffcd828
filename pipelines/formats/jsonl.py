"""JSON lines: {"tokens": [...], "tags": [...]} or {"text": "...", "spans": [{"start", "end",
"label"}]} a line."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import PipelineError
from pipelines.formats import _text_files as text_files
from pipelines.formats import aspect_jsonl, interactions, pairs_jsonl, questions, text_jsonl
from pipelines.formats._spanned_text import Span, SpannedText
from pipelines.formats.examples import SPLITS, Data, Problem, errors, reason
from pipelines.ops import schemes

SUFFIXES = (".jsonl", ".ndjson")
TAGS = ("tags", "ner", "ner_tags", "upos", "pos", "pos_tags")
SPANS = ("spans", "entities", "label", "labels")  # as Prodigy, spaCy and Doccano have them


def detect(path: Path) -> bool:
    """Whether `path` is a file of JSON lines, or a folder with one."""
    files = [path] if path.is_file() else path.iterdir()
    return any(map(_fits, files))


def read(path: Path) -> Data:
    """Sentences with `tokens` and `ner`, or `pos` if the tags mark no spans.

    Spans are {"start", "end", "label"} or [start, end, label], in characters of the text, end
    exclusive. Text is split as on the device; a word that a span cuts is wholly in it, which is a
    Problem. So is a line that cannot be used. Raises PipelineError if a file as a whole cannot
    be read.
    """
    found, problems = text_files.files(path, _fits)
    rows = {split: list(_rows(found, split, problems)) for split in SPLITS}
    if not any(rows.values()):
        raise PipelineError(f"{path} has no usable sentence.{reason(errors(problems))}")
    name = _named(rows)
    return text_files.tagged(path, "jsonl", rows, name, ["tokens", name], problems)


def _rows(
    found: dict[str, list[Path]], split: str, problems: list[Problem]
) -> Iterator[text_files.Sentence]:
    """Yields the sentences of a split with their `tokens` and `tags`."""
    for file, i, line in text_files.filled(found, split, problems):
        where = f"{file.name}:{i}"
        try:
            tokens, tags = _parsed(line, where, problems)
        except ValueError as error:
            message = f"{error}. Correct the line or delete it."
            problems.append(Problem("error", "row", where, message, where))
            continue
        yield file, i, {"tokens": tokens, "tags": tags}


def _fits(file: Path) -> bool:
    is_lines = file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    others = (text_jsonl.fits, pairs_jsonl.fits, aspect_jsonl.fits, questions.fits)
    return is_lines and not any(fits(file) for fits in (*others, interactions.has_user))


def _named(rows: dict[str, list[text_files.Sentence]]) -> str:
    """Calls the tags by what they mark: `ner`, or `pos` if they mark no spans."""
    every = [row for own in rows.values() for *_, row in own]
    name = "pos" if schemes.scheme(row["tags"] for row in every) == "plain" else "ner"
    for row in every:
        row[name] = row.pop("tags")
    return name


def _parsed(line: str, where: str, problems: list[Problem]) -> tuple[list[str], list[str]]:
    """One line -> (words, tags). Raises ValueError with a reason."""
    value = _object(line)
    if isinstance(value.get("text"), str) and not _is_tagged(value):
        return _spanned(value).words_and_tags(where, problems)
    if "tokens" not in value:
        raise ValueError('there is neither "tokens" nor "text"')
    return _tagged(value)


def _is_tagged(value: dict[str, Any]) -> bool:
    """Prodigy writes its tokens beside text and spans, without tags."""
    return "tokens" in value and _first(TAGS, value) is not None


def _object(line: str) -> dict[str, Any]:
    value = text_files.json_of(line)
    if not isinstance(value, dict):
        raise ValueError("this line is no JSON object")
    return value


def _tagged(value: dict[str, Any]) -> tuple[list[str], list[str]]:
    tokens = _list(value, "tokens")
    name = _needed(TAGS, value, "tags")
    tags = _list(value, name)
    for item in itertools.filterfalse(_is_text, tokens + tags):
        raise ValueError(f"{item!r} is no text: words and tags are needed, not their numbers")
    if len(tags) != len(tokens):
        raise ValueError(f"there are {len(tokens)} tokens and {len(tags)} {name}")
    return tokens, tags


def _spanned(value: dict[str, Any]) -> SpannedText:
    text, name = value["text"], _needed(SPANS, value, "spans")
    return SpannedText(text, sorted(_span(item, text) for item in _list(value, name)))


def _span(item: Any, text: str) -> Span:
    """One span of a text."""
    start, end, label = _parts(item)
    if [type(start), type(end), type(label)] != [int, int, str]:
        raise ValueError(f"{item!r} is no span: start and end are whole numbers, label is text")
    if not label or not 0 <= start < end <= len(text):
        raise ValueError(
            f"the span {start} to {end} of {label!r} is not within the text of {len(text)}"
            " characters"
        )
    return start, end, label


def _parts(item: Any) -> list:
    """start, end and label of a span."""
    parts = list(map(item.get, ("start", "end", "label"))) if isinstance(item, dict) else item
    if not isinstance(parts, list) or len(parts) != 3:
        raise ValueError(f"{item!r} is no span: start, end and label are needed")
    return parts


def _first(names: Sequence[str], value: dict[str, Any]) -> str | None:
    """The first of the names that a line has."""
    return next(filter(value.__contains__, names), None)


def _needed(names: Sequence[str], value: dict[str, Any], what: str) -> str:
    name = _first(names, value)
    if name is None:
        raise ValueError(f"there are no {what}; looked for {', '.join(names)}")
    return name


def _list(value: dict[str, Any], name: str) -> list:
    if not isinstance(value[name], list):
        raise ValueError(f'"{name}" is no list')
    return value[name]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
