"""What the readers of questions about passages share: rows become examples."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.errors import PipelineError
from pipelines.formats._text_files import counted
from pipelines.formats.examples import (
    SPLITS,
    Data,
    Examples,
    Problem,
    cut_splits,
    errors,
    reason,
)

UNKNOWN = -1  # as the place of an answer
PASSAGE = ("context", "passage", "paragraph", "text")  # what people call it
ALONE = (
    "there is a question and no passage that holds the answer. Add the passage as context, or"
    " delete the question"
)


class Row(NamedTuple):
    """One question. answers: [text, where it begins in the passage, in characters, or UNKNOWN].

    article: what the passage is a part of; "" if that is not known.
    """

    split: str
    where: str
    name: str
    context: str
    question: str
    answers: list[list]
    article: str


def answers(value: Any) -> list[list]:
    """Answers in any usual form -> [[text, place]].

    A text, {"text", "answer_start" or "start"}, lists of these, or a dict of lists, as Hugging Face
    has them. Raises ValueError with a reason.
    """
    if isinstance(value, Mapping):
        value = _of_mapping(value)
    if isinstance(value, str):
        value = [value]
    if not hasattr(value, "__len__"):
        raise ValueError(f"answers must be a list; got {value!r}")
    return [_answer(item) for item in value]


def _of_mapping(value: Mapping) -> list:
    """{"text": [...], "answer_start": [...]} as a list of answers; a single answer as one."""
    text: Any = value.get("text")
    start: Any = value.get("answer_start", value.get("start"))
    if isinstance(text, str) or not hasattr(text, "__len__"):
        return [value]
    starts = [UNKNOWN] * len(text) if start is None else list(start)
    if len(starts) != len(text):
        raise ValueError(f"there are {len(text)} answers and {len(starts)} places of them")
    return list(map(list, zip(text, starts, strict=True)))


def _answer(item: Any) -> list:
    """[text, place] of one answer."""
    parts = item
    if isinstance(item, str):
        parts = (item, UNKNOWN)
    elif isinstance(item, Mapping):
        parts = (item.get("text"), item.get("answer_start", item.get("start", UNKNOWN)))
    if not isinstance(parts, (list, tuple)) or len(parts) != 2 or not isinstance(parts[0], str):
        raise ValueError(f"an answer is a text, or has text and answer_start; got {item!r}")
    start = UNKNOWN if parts[1] is None else parts[1]
    if isinstance(start, (bool, str)) or int(start) != start:
        raise ValueError(f"answer_start must be a whole number of characters; got {start!r}")
    return [parts[0], int(start)]


def data(source: Path, format: str, rows: Sequence[Row], problems: list[Problem]) -> Data:
    """Rows -> Data with `context`, `question`, `answers` and `article`.

    Raises PipelineError if there is none. Missing splits are cut by article, or by passage if no
    article is named.
    """
    if not rows:
        raise PipelineError(
            f"{source} has no usable question.{reason(errors(problems), ' Add some.')}"
        )
    names = list(map(counted(), [row.name for row in rows]))
    named = list(zip(names, rows, strict=True))
    splits = {split: _examples(split, named) for split in SPLITS}
    splits = {split: part for split, part in splits.items() if len(part)}
    keys = {name: row.article or row.context for name, row in named}
    cut = cut_splits(splits, keys.__getitem__)
    return Data(str(source.resolve()), format, cut, {}, problems)


def _examples(split: str, named: Sequence[tuple[str, Row]]) -> Examples:
    own = {name: row for name, row in named if row.split == split}
    rows = list(own.values())
    columns: dict[str, list] = {
        "context": [row.context for row in rows],
        "question": [row.question for row in rows],
        "answers": [row.answers for row in rows],
        "article": [row.article for row in rows],
    }
    return Examples(list(own), columns, [row.where for row in rows])
