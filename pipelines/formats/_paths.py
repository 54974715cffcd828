"""Where a picture lies that a table, a list or an annotation names, as people write paths."""

import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from pipelines.formats.examples import Unusable, inside


class Paths:
    """The files below `root`, to be looked up by what is written of them.

    A path may have backslashes, `./`, letters of another case, and another Unicode form of the
    same letters, if only one file can be meant.
    """

    def __init__(self, root: str | Path):
        self.root = Path(root).resolve()
        self._entries: dict[Path, dict[str, list[str]]] = {}

    def name(self, said: str, places: Sequence[str] = (".",)) -> str:
        """The name, relative to the root and posix style, of a file that is written as `said`.

        places: folders below the root that it may be relative to. Raises Unusable if there is
        none, or if it lies outside of the root.
        """
        try:
            options = [option for place in places for option in _options(place, said)]
            there = (self._existing(option) for option in options)
            found = next(filter(None, there), None)
        except (OSError, ValueError, RuntimeError) as error:
            # A NUL, a name that is too long, links in a circle.
            raise Unusable("missing-file", f"{said!r} is no path: {error}.", name=said) from error
        if found:
            return found
        if not any(map(self._is_inside, options)):
            message = f"{said!r} lies outside of the data. Copy the picture into it."
            raise Unusable("outside", message)
        message = f"there is no picture {said!r}. Restore it, or correct the path."
        raise Unusable("missing-file", message, name=os.path.normpath(options[-1]))

    def _is_inside(self, name: str) -> bool:
        return inside(self.root, name) is not None

    def _existing(self, name: str) -> str | None:
        """The name of the file that is meant, if there is one in the root."""
        path = inside(self.root, name)
        if path is None:
            return None
        if path.is_file():
            is_plain = ".." not in name and not os.path.isabs(name)
            return os.path.normpath(name) if is_plain else path.relative_to(self.root).as_posix()
        return self._alike(PurePosixPath(os.path.normpath(name)).parts)

    def _alike(self, parts: Sequence[str]) -> str | None:
        """The only file whose path has the same letters but for case and Unicode form, or None."""
        folder = self.root
        for part in parts:
            names = self._names(folder).get(plain(part), [])
            meant = [part] if part in names else names
            if len(meant) != 1:
                return None
            folder = folder / meant[0]
        is_right = folder.is_file() and inside(self.root, folder.relative_to(self.root))
        return folder.relative_to(self.root).as_posix() if is_right else None

    def _names(self, folder: Path) -> dict[str, list[str]]:
        """{plain name: names} of what a folder holds."""
        if folder not in self._entries:
            names = os.listdir(folder) if folder.is_dir() else []
            self._entries[folder] = by_plain(names)
        return self._entries[folder]


def by_plain(names: Iterable[str]) -> dict[str, list[str]]:
    """{name without differences of case and Unicode form: names}."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(plain(name), []).append(name)
    return found


def plain(name: str) -> str:
    """A name without differences of case and Unicode form."""
    return unicodedata.normalize("NFC", name).casefold()


def _options(place: str, said: str) -> list[str]:
    """What a path may mean, relative to the root: as it is written, and with slashes."""
    written = [said, said.replace("\\", "/")]
    joined = [path if place == "." else os.path.join(place, path) for path in written]
    return list(dict.fromkeys(joined))
