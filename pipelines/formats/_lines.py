"""Text files as people save them: UTF-8, or with a byte order mark UTF-16, and any line breaks."""

import codecs
import re
from pathlib import Path

from pipelines.errors import PipelineError

MARKS = {  # byte order mark -> encoding; Windows' editors and PowerShell write them
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
BREAK = re.compile(r"\r\n|\r|\n")


def decoded(content: bytes) -> str:
    """What bytes say, without a byte order mark. Raises UnicodeDecodeError."""
    found = (MARKS[mark] for mark in MARKS if content.startswith(mark))
    return content.decode(next(found, "utf-8"))


def text_of(file: Path) -> str:
    """What a file says. Raises PipelineError, with the line, if it is no such text."""
    try:
        return decoded(file.read_bytes())
    except OSError as error:
        raise PipelineError(f"cannot read {file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PipelineError(f"{file}:{line} is not UTF-8. Save the file as UTF-8.") from error


def lines_of(file: Path) -> list[str]:
    """The lines of a file without their ends. Raises as `text_of` does."""
    return BREAK.split(text_of(file))


def forgiving(file: Path) -> str:
    """What a file says, to tell what it is; "" if it cannot be read. Bytes may be wrong."""
    try:
        content = file.read_bytes()
    except OSError:
        return ""
    found = (MARKS[mark] for mark in MARKS if content.startswith(mark))
    return content.decode(next(found, "utf-8"), errors="replace")
