"""JSON lines of questions: {"context": "...", "question": "...", "answers": ["..."]} a line; an answer
may also be {"text", "answer_start"}."""

from pathlib import Path
from typing import Any

from pipelines.formats import _questions, _text_files, text_jsonl
from pipelines.formats.examples import SPLITS, Data, Problem

LOOK = 100_000  # bytes in which the first line ends, if a file has this form
ANSWERS = ("answers", "answer")


def detect(path: Path) -> bool:
    """Whether `path` is a file of JSON lines with questions, or a folder with one."""
    files = [path] if path.is_file() else path.iterdir()
    return any(map(fits, files))


def fits(file: Path) -> bool:
    """Whether the first line that is JSON has a question."""
    if file.suffix.lower() not in text_jsonl.SUFFIXES or file.name.startswith("."):
        return False
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        start = stream.read(LOOK).decode("utf-8", "replace")
    first = next(text_jsonl.objects(start.splitlines()), None)
    if first is None:  # a passage may be longer than what was looked at
        return '"question"' in start
    return isinstance(first, dict) and "question" in first


def read(path: Path) -> Data:
    """Questions with `context`, `question`, `answers` and `article`, which is `title` if it is given.

    The passage may be called passage, paragraph or text, too. A line that cannot be used becomes a
    Problem. Raises PipelineError if a file as a whole cannot be read.
    """
    found, problems = _text_files.files(path, fits)
    rows = []
    for split in SPLITS:
        for file, i, line in _text_files.filled(found, split, problems):
            where = f"{file.name}:{i}"
            try:
                rows.append(_row(_text_files.json_of(line), split, where, file.name))
            except (ValueError, TypeError) as error:
                message = f"{error}. Correct the line or delete it."
                problems.append(Problem("error", "row", where, message, where))
    return _questions.data(path, "questions", rows, problems)


def _row(value: Any, split: str, where: str, file: str) -> _questions.Row:
    """One line. Raises ValueError with a reason."""
    if not isinstance(value, dict) or not isinstance(value.get("question"), str):
        raise ValueError("there is no question in this line")
    question = value["question"]
    passage = next((value[name] for name in _questions.PASSAGE if name in value), None)
    if not isinstance(passage, str):
        raise ValueError(_questions.ALONE)
    given = next((value[name] for name in ANSWERS if name in value), None)
    if value.get("is_impossible") is True:
        given = []
    if given is None:
        raise ValueError('there are no answers; a question without one has "answers": []')
    answers = _questions.answers(given)
    name = str(value.get("id") or f"{file}/{_text_files.digest(passage, question)}")
    article = str(value.get("title") or "")
    return _questions.Row(split, where, name, passage, question, answers, article)
