"""Data as an archive unpacks it: in a folder that holds one other folder, and maybe a README."""

from collections.abc import Iterator
from pathlib import Path

from pipelines.formats._class_folders import OTHER_LAYOUTS
from pipelines.formats._folders import folders, split_of, visible
from pipelines.formats._picture_files import is_picture

DEEPEST = 3  # folders within each other
NOTES = frozenset((".md", ".pdf", ".doc", ".docx", ".html", ".rst", ".rtf"))
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

    None as well if its name tells of a layout or of a split, and for a link.
    """
    if not path.is_dir():
        return None
    inside = folders(path)
    files = [Path(entry.path) for entry in visible(path) if not entry.is_dir()]
    if len(inside) != 1 or not all(map(_is_note, files)):
        return None
    return None if _tells(inside[0]) else inside[0]


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
