"""What the readers of texts with a class share: rows become examples, named by what they say."""

import operator
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pipelines.errors import PipelineError
from pipelines.formats._text_files import counted, digest
from pipelines.formats.examples import (
    COLUMN,
    SPLITS,
    Data,
    Examples,
    Problem,
    cut_splits,
    errors,
    ids_of,
    reason,
)

BETWEEN = "|"  # the labels of a text that has several


class Row(NamedTuple):
    """One text. where: file, or file:line; others: {column: cell} of no meaning.

    label: "" if none of several labels holds.
    """

    split: str
    file: str
    where: str
    text: str
    label: str
    others: Mapping[str, str] = MappingProxyType({})


def decoded(content: bytes, name: str, problems: list[Problem]) -> str | None:
    """Bytes of a file -> its text; if it is not UTF-8, None and a Problem."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
    message = f"line {line} is not UTF-8, and the text is left out. Save the file as UTF-8."
    problems.append(Problem("error", "encoding", name, message, name))
    return None


def data(source: str | Path, format: str, rows: Sequence[Row], problems: list[Problem]) -> Data:
    """Rows -> Data with `text` and `label`. Raises PipelineError if there is none.

    An example is called by its file, and by what it says if the file holds several, so that a new
    one renames no other. Splits are cut by what they say: the same text is never in two of them.
    A text without a label is an error, unless others have several.
    """
    rows = _with_label(rows, problems)
    if not rows:
        raise PipelineError(f"{source} has no usable text.{reason(errors(problems), ' Add some.')}")
    labels = sorted({row.label for row in rows})
    names = list(map(counted(), map(_wanted, rows)))
    named = list(zip(names, rows, strict=True))
    splits = {split: _examples(split, named, ids_of(labels)) for split in SPLITS}
    splits = dict(filter(operator.itemgetter(1), splits.items()))
    said = dict(zip(names, map(_said, rows), strict=True))
    return Data(
        str(source),
        format,
        cut_splits(splits, said.__getitem__, "label"),
        {"label": labels},
        problems,
    )


def _with_label(rows: Sequence[Row], problems: list[Problem]) -> Sequence[Row]:
    """The rows that are of use: those without a label are, if some row has several."""
    if any(BETWEEN in row.label for row in rows):
        return rows
    message = "this row has no label. Fill the cell or delete the row."
    for row in rows:
        if not row.label:
            problems.append(Problem("error", "empty-label", row.where, message, row.where))
    return [row for row in rows if row.label]


def _said(row: Row) -> str:
    return digest(row.text)


def _wanted(row: Row) -> str:
    """What an example is to be called."""
    return row.file if row.file == row.where else f"{row.file}/{digest(row.text)}"


def _examples(split: str, named: Sequence[tuple[str, Row]], ids: dict[str, int]) -> Examples:
    own = {name: row for name, row in named if row.split == split}
    rows = list(own.values())
    labels = map(operator.attrgetter("label"), rows)
    columns: dict[str, list] = {
        "text": [row.text for row in rows],
        "label": list(map(ids.__getitem__, labels)),
    }
    for name in rows[0].others if rows else ():
        columns[COLUMN + name] = [row.others[name] for row in rows]
    return Examples(list(own), columns, [row.where for row in rows])
