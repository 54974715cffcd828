"""Folders of files: what they hold, which split they are of, and how their paths are shown."""

import operator
import os
import re
from collections.abc import Iterable
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats.examples import SPLIT_NAMES

SET = re.compile(r"[ _-]?set$")  # what may follow the name of a split
# What file managers leave behind, besides hidden files.
UNSEEN = frozenset(("thumbs.db", "desktop.ini", "__macosx"))


def root_of(path: str | Path, content: str) -> Path:
    """The absolute path of a folder. Raises PipelineError if it is none."""
    root = Path(path).resolve()
    if not root.is_dir():
        raise PipelineError(f"{path} is not a folder. Pass the folder that holds {content}.")
    return root


def visible(folder: str | Path) -> list[os.DirEntry]:
    """What a folder holds, in the order of names, but for hidden files and those of file managers.

    Raises PipelineError if the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            seen = [entry for entry in entries if is_seen(entry.name)]
    except OSError as error:
        raise PipelineError(f"cannot read the folder {folder}: {error.strerror}.") from error
    return sorted(seen, key=operator.attrgetter("name"))


def is_seen(name: str) -> bool:
    """Whether a file or folder of this name is neither hidden nor a file manager's."""
    return not name.startswith(".") and name.lower() not in UNSEEN


def folders(folder: str | Path) -> list[Path]:
    """The folders in a folder, in the order of names."""
    return [Path(entry.path) for entry in visible(folder) if entry.is_dir()]


def folder_called(folder: Path, name: str) -> Path | None:
    """The folder in a folder that has a name, in any case; the one of that case first."""
    alike = [inner for inner in folders(folder) if inner.name.lower() == name]
    exact = [inner for inner in alike if inner.name == name]
    return next(iter(exact + alike), None)


def split_of(path: Path) -> str | None:
    """The split that a folder, or a file without suffix, is called by: train or training_set."""
    word = path.name.lower()
    return SPLIT_NAMES.get(word) or SPLIT_NAMES.get(SET.sub("", word))


def split_folders(folder: str | Path) -> list[tuple[str, Path]]:
    """[(split, folder)] of the folders in a folder that are called by a split."""
    named = [(split_of(inner), inner) for inner in folders(folder)]
    return [(split, inner) for split, inner in named if split]


def shown(root: Path, path: Path) -> str:
    """The path below `root`, fit to be printed: bytes that are not UTF-8 appear as escapes."""
    return path.relative_to(root).as_posix().encode("utf-8", "backslashreplace").decode()


def pictures_are(count: int) -> str:
    """`1 picture is`, `2 pictures are`."""
    return "1 picture is" if count == 1 else f"{count:,} pictures are"


def few(names: Iterable) -> str:
    """The first of some names, for a message."""
    listed = list(map(str, names))
    return ", ".join(listed[:5] + ["..."] * (len(listed) > 5))
