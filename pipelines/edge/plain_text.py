"""Plain text out of a file, of bytes, or given itself."""

import os

BYTES = 10_000_000  # of a file; more is no text for one answer
SUFFIXES = (".txt", ".md", ".text", ".csv", ".tsv", ".json", ".jsonl")


def read(source: str | os.PathLike | bytes) -> str:
    """The text of a file, of bytes, or given itself. Raises ValueError with a reason."""
    content = _content(source)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"line {line} is not UTF-8. Save the file as UTF-8") from error


def _content(source: str | os.PathLike | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    if os.path.isfile(source):
        return _of_file(source)
    if isinstance(source, os.PathLike) or os.path.exists(source) or _like_a_file(source):
        raise ValueError("is no file. Name a text file, or write the text itself")
    try:
        return str(source).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("is not UTF-8. Set the terminal to UTF-8, or name a file") from error


def _of_file(path: str | os.PathLike) -> bytes:
    if os.path.getsize(path) > BYTES:
        raise ValueError(f"is larger than {BYTES // 1_000_000} MB. Split it into several files")
    with open(path, "rb") as file:
        return file.read()


def _like_a_file(word: str) -> bool:
    """Whether this is the name of a file that is not there, rather than a text."""
    if any(map(str.isspace, word)):
        return False
    is_path = os.sep in word.strip(os.sep) and "://" not in word
    return is_path or word.lower().endswith(SUFFIXES)
