"""Pictures below a folder that no place of its format holds: none is passed over in silence."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipelines.formats._folders import few, is_seen, pictures_are, shown, visible
from pipelines.formats._picture_files import is_picture
from pipelines.formats.examples import Problem

# Folders of pictures that show what is marked, each object in a colour.
OBJECTS = frozenset(("segmentationobject", "trimaps"))


def pictures(root: Path, used: Iterable[str | Path], told: Iterable[Problem]) -> list[Problem]:
    """A warning of the pictures that are not `used`, files, and that no Problem `told` names; or
    []."""
    known = set(map(os.path.abspath, used))
    told = list(told)
    named = {problem.where for problem in told} | {problem.example for problem in told}
    left = [shown(root, file) for file in below(root) if str(file) not in known]
    names = [name for name in left if name not in named]
    if not names:
        return []
    message = (
        f"{_lie(names)} left out: {few(names)}. Move what is meant to the others, the rest away."
    )
    return [Problem("warning", "unlisted", names[0], message)]


def beside(root: Path, names: Iterable[str], told: Iterable[Problem], where: str) -> list[Problem]:
    """The same of pictures that lie in the folders of those that are used, by their `names`.

    where: what the pictures lack, such as "no row".
    """
    known = {*names} | {problem.example for problem in told}
    folders = sorted(set(map(os.path.dirname, names)))
    left = [name for folder in folders for name in _right_in(root, folder) if name not in known]
    if not left:
        return []
    message = (
        f"{pictures_are(len(left))} in {where} and left out: {few(left)}. List what is meant, and"
        " delete the rest."
    )
    return [Problem("warning", "unlisted", left[0], message)]


def _lie(names: Sequence[str]) -> str:
    if len(names) == 1:
        return "1 picture lies where this format has none, and is"
    return f"{len(names):,} pictures lie where this format has none, and are"


def _right_in(root: Path, folder: str) -> Iterator[str]:
    """Yields the names of the pictures right in a folder."""
    entries = visible(root / folder) if (root / folder).is_dir() else []
    for entry in entries:
        if not entry.is_dir() and is_picture(Path(entry.path)):
            yield os.path.join(folder, entry.name)


def below(root: Path) -> Iterator[Path]:
    """Yields all pictures below a folder; links to folders are not entered."""
    for base, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if is_seen(f) and f.lower() not in OBJECTS)
        files = [Path(base, name) for name in sorted(names) if is_seen(name)]
        yield from filter(is_picture, files)
