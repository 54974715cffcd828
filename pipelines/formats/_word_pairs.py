"""Files that word vectors are judged by: pairs of words with a similarity, and analogies."""

import re
from pathlib import Path

from pipelines.edge.words import normal
from pipelines.errors import PipelineError

LONGEST = 10_000_000  # bytes of a file
SEPARATOR = re.compile(r"[\t,; ]+")


def similarities(path: str | Path) -> list[tuple[str, str, float]]:
    """[(word, word, similarity)] of a file with such a triple a line, as WordSim-353 has it.

    Tabs, commas, semicolons or spaces lie between; what is behind the third is not looked at. Words
    are as `edge.words.normal` makes them. Lines that begin with # are left out, and so is a first
    line without a number. Raises PipelineError naming file and line.
    """
    found = []
    for i, cells in _rows(path):
        number = _number(cells[2]) if len(cells) > 2 else None
        if number is not None:
            found.append((normal(cells[0]), normal(cells[1]), number))
        elif found or i > 1:
            raise PipelineError(
                f"{path}:{i} must be two words and a number; got {' '.join(cells)[:60]!r}. Correct"
                " the line or delete it."
            )
    return _some(found, path, "two words and a number a line")


def analogies(path: str | Path) -> list[tuple[str, str, str, str]]:
    """[(a, b, c, d)], a is to b as c is to d, of a file with four words a line, as in word2vec's.

    Lines that begin with : or # are left out. Raises PipelineError naming file and line.
    """
    found = []
    for i, cells in _rows(path):
        if len(cells) != 4:
            raise PipelineError(
                f"{path}:{i} must be four words; got {' '.join(cells)[:60]!r}. Correct the line or"
                " delete it."
            )
        a, b, c, d = map(normal, cells)
        found.append((a, b, c, d))
    return _some(found, path, "four words a line")


def _rows(path):
    """(number of the line, its cells) of each line that says something."""
    for i, line in enumerate(_text(path).splitlines(), 1):
        text = line.strip()
        if text and text[0] not in "#:":
            yield i, [cell for cell in SEPARATOR.split(text) if cell]


def _text(path):
    path = Path(path)
    try:
        if path.stat().st_size > LONGEST:
            raise PipelineError(
                f"{path} is larger than {LONGEST // 1_000_000} MB. Name a list of words."
            )
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise PipelineError(f"cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise PipelineError(f"{path} is not UTF-8. Save it as UTF-8.") from error


def _number(cell):
    """A finite number, or None."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def _some(found, path, what):
    if not found:
        raise PipelineError(f"{path} is empty. It needs {what}.")
    return found
