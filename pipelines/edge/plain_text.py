"""Plain text out of a file, of bytes, or given itself."""

import os

BYTES = 10_000_000  # of a file; more is no text for one answer


def read(source):
    """The text of a file, of bytes, or given itself. Raises ValueError with a reason."""
    if isinstance(source, bytes):
        content = source
    elif os.path.isfile(source):
        if os.path.getsize(source) > BYTES:
            raise ValueError(f"is larger than {BYTES // 1_000_000} MB. Part it into several files")
        with open(source, "rb") as file:
            content = file.read()
    elif isinstance(source, os.PathLike) or os.path.exists(source) or _like_a_file(source):
        raise ValueError("is no file. Name a text file, or write the text itself")
    else:
        try:
            content = str(source).encode("utf-8")
        except UnicodeEncodeError as error:
            raise ValueError("is not UTF-8. Set the terminal to UTF-8, or name a file") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"line {line} is not UTF-8. Save the file as UTF-8") from error


def _like_a_file(word):
    if any(c.isspace() for c in word):
        return False
    return (
        os.sep in word.strip(os.sep)
        and "://" not in word
        or word.lower().endswith((".txt", ".md", ".text"))
    )
