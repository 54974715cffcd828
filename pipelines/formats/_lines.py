"""Text files as people save them: UTF-8, with or without a byte order mark, and any line breaks."""

import codecs
import re
from pathlib import Path

from pipelines.errors import PipelineError

BREAK = re.compile(r"\r\n|\r|\n")
MOST = 2 * 10**9  # bytes of a file that is held in memory as a whole
LOOK = 10**6  # bytes in which a first line ends


def refuse_utf_16(file: Path) -> None:
    """Raises PipelineError if a file begins as UTF-16 does, as PowerShell writes it."""
    with file.open("rb") as opened:
        if opened.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise PipelineError(f"{file} is UTF-16, not UTF-8. Save the file as UTF-8.")


def text_of(file: Path) -> str:
    """What a file says, read whole: at most MOST bytes.

    Raises PipelineError, with the line, if it is no UTF-8 text, or if there is more.
    """
    try:
        refuse_utf_16(file)
        _refuse_large(file)
        content = file.read_bytes()
    except OSError as error:
        raise PipelineError(f"cannot read {file}: {error.strerror}.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PipelineError(f"{file}:{line} is not UTF-8. Save the file as UTF-8.") from error


def _refuse_large(file: Path) -> None:
    size = file.stat().st_size
    if size > MOST:
        raise PipelineError(
            f"{file} has {size / 1e9:.1f} GB; more than {MOST / 1e9:g} GB of text is not read, as"
            " all of it is held in memory. Take fewer rows, or make a TFDS data set of it."
        )


def first_line(file: Path) -> str:
    """The first line of a file, of which no more is read. Raises as `text_of` does."""
    try:
        refuse_utf_16(file)
        with file.open("rb") as opened:
            content = opened.read(LOOK)
    except OSError as error:
        raise PipelineError(f"cannot read {file}: {error.strerror}.") from error
    try:  # the last character may be cut
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(content)
    except UnicodeDecodeError as error:
        raise PipelineError(f"{file} is not UTF-8. Save the file as UTF-8.") from error
    return BREAK.split(text, maxsplit=1)[0]


def lines_of(file: Path) -> list[str]:
    """The lines of a file without their ends. Raises as `text_of` does."""
    return BREAK.split(text_of(file))


def forgiving(file: Path) -> str:
    """What a file says, to tell what it is; "" if it cannot be read. Bytes may be wrong."""
    try:
        content = file.read_bytes()
    except OSError:
        return ""
    return content.decode("utf-8-sig", errors="replace")
