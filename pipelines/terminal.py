"""What a person sees while something runs."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence


def quiet() -> bool:
    """True if no one watches: progress bars stay away from logs and pipes."""
    return not sys.stderr.isatty() or os.environ.get("TERM") == "dumb"


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Within it, what native libraries write to standard error is kept back.

    It is shown if an error follows.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as noise:
        os.dup2(noise.fileno(), 2)
        try:
            yield
        except BaseException:
            noise.seek(0)
            os.write(kept, noise.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def shown(text: object) -> str:
    """Text for a line of the terminal: what would move the cursor or change colours is escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))


def table(rows: Iterable[Sequence], header: Sequence) -> str:
    """Aligned columns of text: numbers to the right, words to the left; one string."""
    columns = [_aligned(column) for column in zip(header, *rows, strict=True)]
    heading, *lines = ("  ".join(cells).rstrip() for cells in zip(*columns, strict=True))
    rule = "  ".join("-" * len(cells[0]) for cells in columns)
    return "\n".join([heading, rule, *lines])


def _aligned(column: Sequence) -> list[str]:
    """The cells of a column, of which the first is its heading, as texts of equal length."""
    heading, *values = map(shown, column)
    justified = str.rjust if all(map(_numeric, values)) else str.ljust
    width = max(map(len, (heading, *values)))
    return [justified(text, width) for text in (heading, *values)]


def _numeric(text: str) -> bool:
    return not text or text[0] in "0123456789+-." or text == "–"
