"""A file of classes next to the masks: their names, and the value that each has in the masks."""

import collections
import csv
from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats._lines import lines_of
from pipelines.formats._mask_files import Table, Value
from pipelines.formats.examples import IGNORE, own_file

FILES = (
    *("classes.csv", "class_dict.csv", "labels.csv"),
    *("classes.txt", "labels.txt", "labelmap.txt"),
)

Row = tuple[int, str, list[str]]  # (line, name, cells of the value)


def read(folder: str | Path) -> tuple[tuple[str, ...], Table | None]:
    """(names, table or None) of a file of classes in `folder`, one of FILES; ((), None) if there is
    none.

    `classes.txt`: a name a line, in the order of ids. `classes.csv`: NAME,R,G,B or NAME,VALUE, with
    or without a line of headings. `labelmap.txt` as CVAT writes it: NAME:R,G,B::. Raises
    PipelineError naming file and line.
    """
    file = next(filter(Path.is_file, map(Path(folder).joinpath, FILES)), None)
    if file is None:
        return (), None
    lines = _lines(own_file(folder, file))
    names, table = list(lines.values()), None
    if "," in "".join(names):
        names, table = _table(file, [_row(i, line) for i, line in lines.items()])
    _check_names(file, names)
    return tuple(names), table


def _check_names(file: Path, names: Sequence[str]) -> None:
    """Raises PipelineError if there are too few or too many, or two are equal."""
    said = f"there are {len(names)} classes"
    twice = [name for name, count in collections.Counter(names).items() if count > 1]
    if twice:
        said = f"{twice[0]!r} is there twice"
    if twice or not 1 < len(names) < IGNORE:
        raise PipelineError(f"{file}: {said}; 2 to {IGNORE - 1} different ones are needed.")


def _lines(file: Path) -> dict[int, str]:
    """{number: text} of each line that is neither blank nor a comment."""
    lines = enumerate(lines_of(file), 1)
    said = {i: line.strip() for i, line in lines if not line.startswith("#")}
    return {i: line for i, line in said.items() if line}


def _table(file: Path, rows: Sequence[Row]) -> tuple[list[str], dict[Value, int]]:
    """(names, {value: id}) of rows with values."""
    is_headed = not _numbers(rows[0][2])
    names: list[str] = []
    table: dict[Value, int] = {}
    for i, name, cells in rows[1:] if is_headed else rows:
        value = _value(cells)
        if value is None:
            raise PipelineError(
                f"{file}:{i}: a class is NAME,VALUE or NAME,R,G,B with numbers 0 to 255."
            )
        if value in table:
            raise PipelineError(
                f"{file}:{i}: {name!r} has the value of {names[table[value]]!r}. Give it another."
            )
        table[value] = len(names)
        names.append(name)
    return names, table


def _row(i: int, line: str) -> Row:
    """One line: NAME,R,G,B or NAME,VALUE, or CVAT's NAME:R,G,B::."""
    if ":" in line:
        name, colour, *_ = line.split(":")
        return i, name.strip(), colour.split(",")
    name, *cells = map(str.strip, next(csv.reader([line])))
    return i, name, cells


def _value(cells: Sequence[str]) -> Value | None:
    """One number or a colour of three; None if there is neither."""
    numbers = _numbers(cells)
    if len(numbers) == 1:
        return numbers[0]
    return numbers if len(numbers) == 3 else None


def _numbers(cells: Sequence[str]) -> tuple[int, ...]:
    """Cells -> numbers in 0..255, or none."""
    try:
        values = tuple(int(cell) for cell in cells if cell.strip())
    except ValueError:
        return ()
    return values if all(0 <= value <= 255 for value in values) else ()
