"""What a person sees while something runs."""

import contextlib
import os
import sys
import tempfile


def quiet():
    """True where no one watches: progress bars stay away from logs and pipes."""
    return not sys.stderr.isatty() or os.environ.get("TERM") == "dumb"


@contextlib.contextmanager
def hushed():
    """Within it, what native libraries write to standard error is kept back; it is shown where an error follows."""
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


def table(rows, header):
    """Aligned columns of text: numbers to the right, words to the left; one string."""
    cells = [[str(c) for c in row] for row in [header, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    right = [all(_numeric(row[i]) for row in cells[1:]) for i in range(len(header))]
    lines = [
        "  ".join(
            c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])


def _numeric(text):
    return not text or text[0] in "0123456789+-." or text == "–"
