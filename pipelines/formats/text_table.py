"""A table of texts: one .csv or .tsv file with the columns text, label and, if you like, split."""

from pathlib import Path

from pipelines.formats import _delimited as delimited
from pipelines.formats import _labelled_text as labelled_text
from pipelines.formats import table
from pipelines.formats.examples import Problem

COLUMNS = {"text": table.TEXT, "label": table.COLUMNS["label"], "split": table.COLUMNS["split"]}


def detect(path):
    """Whether `path` is a .csv or .tsv file whose header names a text and a label, or a folder with exactly one."""
    files = [path] if path.is_file() else delimited.tables(path)
    return (
        len(files) == 1
        and files[0].suffix.lower() in delimited.SUFFIXES
        and table.has_text(files[0])
    )


def read(path):
    """The texts of a table, with their `label`: Path -> Data.

    A row that cannot be used becomes a Problem with its line. Raises PipelineError, with file and
    line, where the table as a whole cannot be read.
    """
    path = Path(path).resolve()
    file = path if path.is_file() else delimited.only_table(path)
    text = delimited.text(file)
    delimiter, header, columns = delimited.header(file, text, COLUMNS)
    problems, rows = [], []
    if unused := [cell for i, cell in enumerate(header) if i not in columns.values()]:
        problems.append(
            Problem("note", "unused-column", f"{file.name}:1", f"not used: {', '.join(unused)}.")
        )
    for line, values in delimited.rows(file, text, delimiter):
        where = f"{file.name}:{line}"
        try:
            split = delimited.split(len(header), columns, values)
            said, label = (values[columns[name]].strip() for name in ("text", "label"))
            if not label:
                raise delimited.BadRow(
                    "empty-label", "this row has no label. Fill the cell or delete the row."
                )
        except delimited.BadRow as bad:
            problems.append(Problem("error", bad.kind, where, str(bad), where))
            continue
        rows.append((split, file.name, where, said, label))
    return labelled_text.data(path, "text_table", rows, problems)
