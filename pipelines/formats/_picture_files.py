"""Which files are pictures, and what is said of the files that are passed over."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipelines.formats._folders import shown
from pipelines.formats.examples import PICTURE_SUFFIXES, Problem

# How the files of common formats begin; two letters, as of BMP, would be those of a text, too.
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
# Files that usually lie beside pictures, and that are not opened.
COMPANIONS = frozenset(
    (
        *(".txt", ".md", ".rst", ".html", ".pdf", ".csv", ".tsv", ".xls", ".xlsx", ".yaml", ".yml"),
        *(".json", ".jsonl", ".geojson", ".xml", ".ini", ".cfg", ".toml", ".py", ".sh", ".ipynb"),
    )
)
# Half downloads and copies of editors, which may begin as pictures do, and videos' thumbnails.
LEFTOVERS = frozenset((".part", ".crdownload", ".download", ".tmp", ".bak", ".orig", ".thm"))
LISTED = 5  # names in a message


def is_picture(path: Path) -> bool:
    """Whether a file is called as a picture is, or begins as one."""
    suffix = path.suffix.lower()
    if suffix in PICTURE_SUFFIXES:
        return True
    is_other = suffix in COMPANIONS or suffix in LEFTOVERS or suffix.endswith("~")
    return not is_other and _begins_as_one(path)


def _begins_as_one(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            begin = file.read(12)
    except OSError:
        return False
    is_webp = begin[:4] == b"RIFF" and begin[8:] == b"WEBP"
    return is_webp or begin.startswith(BEGINNINGS)


def folders_called_so(root: Path, folders: Iterable[Path]) -> Iterator[Problem]:
    """Yields a warning of each folder that is called as a picture is."""
    for folder in folders:
        if folder.suffix.lower() in PICTURE_SUFFIXES:
            message = "this is a folder, and is called as a picture is. Restore the picture."
            yield Problem("warning", "not-a-picture", shown(root, folder), message)


def passed_over(
    root: Path, folder: Path, others: Sequence[Path], noun: str = "picture"
) -> Iterator[Problem]:
    """Yields a Problem for the files `others` of `folder` that are none of `noun`.

    Texts and tables are noted. Among pictures, anything else is a warning: it may be a picture in
    a format that is not read, such as HEIC or AVIF.
    """
    strange = noun == "picture" and any(map(_may_be_picture, others))
    if not others:
        return
    count = len(others)
    files = f"1 file that is no {noun}" if count == 1 else f"{count} files that are no {noun}s"
    names = [shown(folder, path) for path in itertools.islice(others, LISTED)]
    end = ", ..." if count > LISTED else "."
    message = f"passed over {files}: {', '.join(names)}{end}"
    if strange:
        message += " If they are pictures, save them as JPEG or PNG."
    severity = "warning" if strange else "note"
    yield Problem(severity, f"not-a-{noun}", shown(root, folder), message)


def _may_be_picture(path: Path) -> bool:
    return path.suffix.lower() not in COMPANIONS and path.is_file()
