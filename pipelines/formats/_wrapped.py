"""Data as an archive unpacks it: in a folder that holds one other folder, and maybe a README."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.formats._class_folders import OTHER_LAYOUTS
from pipelines.formats._folders import folders, split_of, visible
from pipelines.formats._picture_files import is_picture

DEEPEST = 3  # folders within each other
NOTES = frozenset((".md", ".pdf", ".doc", ".docx", ".html", ".rst", ".rtf"))
LOOSE = 3  # pictures, at most, that do not make the folder beside them a class
WORDS = ("readme", "licen", "notice", "citation")  # how notes are called that are .txt


def inners(path: Path) -> Iterator[Path]:
    """Yields the only folder in a folder, the only one in that, and so on, DEEPEST at most."""
    place = inner(path)
    for _ in range(DEEPEST):
        if place is None:
            return
        yield place
        place = inner(place)


def inner(path: Path) -> Path | None:
    """The only folder in a folder that holds nothing else but notes, or None.

    A few pictures, such as a cover, are notes beside a folder of several folders. None as well if
    its name tells of a layout or of a split, and for a link.
    """
    if not path.is_dir():
        return None
    inside = folders(path)
    files = [Path(entry.path) for entry in visible(path) if not entry.is_dir()]
    others = list(itertools.filterfalse(_is_note, files))
    if len(inside) != 1 or _tells(inside[0]):
        return None
    return inside[0] if not others or _are_loose(others, inside[0]) else None


def _are_loose(files: Sequence[Path], folder: Path) -> bool:
    """Whether files are a few pictures beside a folder of several folders and no pictures."""
    is_few = len(files) <= LOOSE and all(map(is_picture, files))
    return is_few and not is_class(folder) and len(folders(folder)) > 1


def _tells(folder: Path) -> bool:
    """Whether a folder is a link, or its name tells of a layout or of a split."""
    is_layout = folder.name.lower() in OTHER_LAYOUTS
    return is_layout or bool(split_of(folder)) or folder.is_symlink()


def is_class(folder: Path) -> bool:
    """Whether a folder may be the only class: pictures lie right in it, or no folder does."""
    files = (Path(entry.path) for entry in visible(folder) if not entry.is_dir())
    return not folders(folder) or any(map(is_picture, files))


def _is_note(file: Path) -> bool:
    name = file.name.lower()
    return file.suffix.lower() in NOTES or any(word in name for word in WORDS)
