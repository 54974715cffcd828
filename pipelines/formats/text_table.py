"""A table of texts: one .csv or .tsv file with the columns text, label and, if you like, split."""

from pathlib import Path

from pipelines.formats import _delimited as delimited
from pipelines.formats import _labelled_text as labelled_text
from pipelines.formats import table
from pipelines.formats.examples import Data, Unusable

COLUMNS = {"text": table.TEXT, "label": table.COLUMNS["label"], "split": table.COLUMNS["split"]}


def detect(path: Path) -> bool:
    """Whether `path` is a .csv or .tsv file whose header names a text and a label.

    Or a folder with exactly one.
    """
    files = [path] if path.is_file() else delimited.tables(path)
    return len(files) == 1 and delimited.is_table(files[0]) and table.has_text(files[0])


def read(path: str | Path) -> Data:
    """The texts of a table, with their `label`.

    A row that cannot be used becomes a Problem with its line. Raises PipelineError, with file and
    line, if the table as a whole cannot be read.
    """
    opened = delimited.opened(path, COLUMNS)
    problems, rows = opened.unused(), []
    for where, values in opened.rows():
        try:
            cells = opened.cells(values)
            if not cells["label"]:
                message = "this row has no label. Fill the cell or delete the row."
                raise Unusable("empty-label", message)
            text, label = cells["text"], cells["label"]
            own = (cells["split"], opened.file.name, where, text, label)
            rows.append(labelled_text.Row(*own, opened.others(values)))
        except Unusable as bad:
            problems.append(bad.problem(where))
    return labelled_text.data(opened.path, "text_table", rows, problems)
