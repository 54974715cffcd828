"""A table of texts: one .csv or .tsv file with the columns text, label and, if you like, split; or
one a split."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from pipelines.formats import _cache, table
from pipelines.formats import _delimited as delimited
from pipelines.formats import _labelled_text as labelled_text
from pipelines.formats.examples import Data, Problem, Unusable

COLUMNS = {"text": table.TEXT, "label": table.COLUMNS["label"], "split": table.COLUMNS["split"]}


def detect(path: Path) -> bool:
    """Whether `path` is a .csv or .tsv file whose header names a text and a label.

    Or a folder with exactly one, or with one for each split.
    """
    files = [path] if path.is_file() else delimited.tables(path)
    return bool(delimited.parts(files)) and all(map(_fits, files))


def _fits(file: Path) -> bool:
    return delimited.is_table(file) and table.has_text(file)


def read(path: str | Path) -> Data:
    """The texts of a table, or of one for each split, with their `label`.

    A row that cannot be used becomes a Problem with its line. Raises PipelineError, with file and
    line, if the table as a whole cannot be read.
    """
    path = _cache.placed(path)
    problems = delimited.passed_over(path)
    rows: list[labelled_text.Row] = []
    tables = [
        dataclasses.replace(delimited.opened(file, COLUMNS), split=split)
        for split, file in delimited.parts_of(path)
    ]
    for opened in delimited.alike(tables, problems):
        rows += _rows(opened, problems)
    return labelled_text.data(path, "text_table", rows, problems)


def _rows(opened: delimited.Table, problems: list[Problem]) -> Iterator[labelled_text.Row]:
    """Yields the rows that can be used."""
    problems += opened.unused()
    for where, values in opened.rows():
        try:
            cells = opened.cells(values)
            text, label = cells["text"], cells["label"]
            own = (cells["split"], opened.file.name, where, text, label)
            yield labelled_text.Row(*own, opened.others(values))
        except Unusable as bad:
            problems.append(bad.problem(where))
