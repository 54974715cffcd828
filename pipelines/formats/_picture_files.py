"""Which files are pictures, and what is said of the files that are passed over."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
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


def may_be_picture(path: Path) -> bool:
    """Whether a file that is passed over may be a picture in a format that is not read."""
    return path.suffix.lower() not in COMPANIONS and path.is_file()


@dataclass(frozen=True)
class Noun:
    """What the files of a layout are called in messages.

    may_be: whether a file that is passed over may be one nevertheless; advice: what to do then.
    """

    name: str
    may_be: Callable[[Path], bool]
    advice: str


PICTURE = Noun("picture", may_be_picture, "If they are pictures, save them as JPEG or PNG.")


def passed_over(
    root: Path, folder: Path, others: Sequence[Path], noun: Noun = PICTURE
) -> Iterator[Problem]:
    """Yields a Problem for the files `others` of `folder` that are none of `noun`.

    Those that usually lie beside such files are noted. Anything else is a warning: among pictures
    it may be HEIC or AVIF.
    """
    if not others:
        return
    count = len(others)
    nouns = noun.name if count == 1 else f"{noun.name}s"
    files = f"1 file that is no {nouns}" if count == 1 else f"{count} files that are no {nouns}"
    names = [shown(folder, path) for path in itertools.islice(others, LISTED)]
    end = ", ..." if count > LISTED else "."
    message = f"passed over {files}: {', '.join(names)}{end}"
    severity = "note"
    if any(map(noun.may_be, others)):
        severity, message = "warning", f"{message} {noun.advice}"
    yield Problem(severity, f"not-a-{noun.name}", shown(root, folder), message)
