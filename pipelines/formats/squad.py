"""SQuAD JSON, version 1.1 or 2.0: a .json file of articles with paragraphs and their questions, or a
folder with such files, train.json or others."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.errors import PipelineError
from pipelines.formats import _questions, _text_files
from pipelines.formats.examples import SPLITS, Data, Problem

LOOK = 200_000  # bytes in which a file tells that it has this form
MARKS = ('"paragraphs"', '"qas"')  # one of these, and "context"


def detect(path: Path) -> bool:
    """Whether `path` is a file of SQuAD JSON, or a folder with one."""
    files = [path] if path.is_file() else path.iterdir()
    return any(map(_fits, files))


def _fits(file: Path) -> bool:
    if file.suffix.lower() != ".json" or file.name.startswith(".") or not file.is_file():
        return False
    with file.open("rb") as stream:
        start = stream.read(LOOK).decode("utf-8", "replace")
    return any(mark in start for mark in MARKS)


def read(path: Path) -> Data:
    """Questions with `context`, `question`, `answers` and `article`.

    A question of version 2.0 with `is_impossible` has no answers. Whole articles go to one split
    if splits are missing. A paragraph or question that cannot be used becomes a Problem. Raises
    PipelineError if a file as a whole cannot be read.
    """
    found, problems = _text_files.files(path, _fits)
    rows: list[_questions.Row] = []
    for split in SPLITS:
        for file in found.get(split, ()):
            rows += _Reader(file, split, problems).rows(_content(file))
    return _questions.data(path, "squad", rows, problems)


def _content(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise PipelineError(f"{file} is no JSON: {error}. Correct it.") from error


class _Reader:
    """Questions of one file; what cannot be used is added to `problems`."""

    def __init__(self, file: Path, split: str, problems: list[Problem]):
        self._file, self._split, self._problems = file.name, split, problems

    def rows(self, content: Any) -> Iterator[_questions.Row]:
        """All questions of a file."""
        articles = content.get("data") if isinstance(content, dict) else content
        if not isinstance(articles, list):
            raise PipelineError(
                f'{self._file} has no list of articles. SQuAD is {{"data": [{{"title",'
                ' "paragraphs": [{"context", "qas"}]}]}.'
            )
        for i, article in enumerate(articles):
            where = f"{self._file}: data[{i}]"
            for j, paragraph in enumerate(self._list(article, "paragraphs", where)):
                title = str(article.get("title") or "")
                yield from self._paragraph(paragraph, title, f"{where}.paragraphs[{j}]")

    def _paragraph(self, paragraph: Any, title: str, where: str) -> Iterator[_questions.Row]:
        questions = self._list(paragraph, "qas", where)
        for k, own in enumerate(questions):
            place = f"{where}.qas[{k}]"
            try:
                name, asked, answers = _question(own, place)
                context = paragraph.get("context")
                if not isinstance(context, str):
                    raise ValueError(_questions.ALONE)
            except (ValueError, TypeError) as error:
                self._complain(place, f"{error}.")
                continue
            yield _questions.Row(self._split, place, name, context, asked, answers, title)

    def _list(self, value: Any, name: str, where: str) -> list:
        """A list of a dict by name; [] and a Problem if there is none."""
        found = value.get(name) if isinstance(value, dict) else None
        if isinstance(found, list):
            return found
        self._complain(where, f"there is no list of {name} in it. Add it, or delete this.")
        return []

    def _complain(self, where: str, message: str) -> None:
        self._problems.append(Problem("error", "row", where, message, where))


def _question(value: Any, where: str) -> tuple[str, str, list[list]]:
    """(name, question, answers). Raises ValueError with a reason."""
    if not isinstance(value, dict) or not isinstance(value.get("question"), str):
        raise ValueError("there is no question in it")
    name = str(value.get("id") or where)
    if value.get("is_impossible") is True:
        return name, value["question"], []
    if "answers" not in value:
        raise ValueError('there are no answers in it; a question without one has "answers": []')
    return name, value["question"], _questions.answers(value["answers"])
