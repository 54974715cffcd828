"""YOLO's data.yaml, or the folders images/ without one: the classes, and each split's pictures."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import PipelineError
from pipelines.formats import _yolo_darknet
from pipelines.formats._folders import few, split_of, visible
from pipelines.formats._lines import forgiving, lines_of
from pipelines.formats._paths import Paths
from pipelines.formats._picture_files import is_picture
from pipelines.formats.examples import SPLIT_NAMES, inside
from pipelines.records import read_yaml

NAMES = ("data.yaml", "data.yml", "dataset.yaml")
SUFFIXES = (".yaml", ".yml")
# What tells a description of data from other YAML: names, and a place of pictures.
DESCRIBES = re.compile(
    r"^names\s*:.*^(?:train|val)\s*:|^(?:train|val)\s*:.*^names\s*:", re.M | re.S
)

Listed = list[tuple[str, str]]  # (picture, where it is listed)


def find(path: Path) -> Path | None:
    """The data.yaml that `path` is, or that lies in it under this or another name.

    Raises PipelineError if there are several under other names.
    """
    if path.is_file():
        return path
    usual = next(filter(Path.is_file, (path / name for name in NAMES)), None)
    return usual or _described(path)


def _described(folder: Path) -> Path | None:
    """The only YAML file in a folder that describes data."""
    files = [Path(entry.path) for entry in visible(folder) if entry.is_file()]
    files = [file for file in files if file.suffix.lower() in SUFFIXES]
    found = [file for file in files if DESCRIBES.search(forgiving(file))]
    if len(found) > 1:
        raise PipelineError(
            f"{folder} has several descriptions: {few(f.name for f in found)}. Pass one."
        )
    return next(iter(found), None)


def read(file: Path, root: Path) -> tuple[list[str], dict[str, Listed]]:
    """data.yaml -> (class names, {split: pictures}).

    Raises PipelineError if it has no names, or a place that it names is not in the data.
    """
    values = read_yaml(file)
    names, base = _names(file, values), str(values.get("path") or ".")
    found: dict[str, Listed] = {}
    for key, split in SPLIT_NAMES.items():
        for place in _places(values.get(key)):
            pictures = _pictures(root, _within(root, base, str(place), file))
            found.setdefault(split, []).extend(pictures)
    return names, found


def folders(top: Path, root: Path) -> dict[str, Listed]:
    """{split: pictures} of the folders of splits in `top`, or without any of all of it."""
    found: dict[str, Listed] = {}
    for folder in sorted(filter(Path.is_dir, top.iterdir())):
        if split := split_of(folder):
            found.setdefault(split, []).extend(_pictures(root, folder))
    return found or {"train": list(_pictures(root, top))}


def _names(file: Path, values: Mapping[str, Any]) -> list[str]:
    """The class names in the order of their ids."""
    names = values.get("names")
    if isinstance(names, dict):
        names = _in_order(file, names)
    if not isinstance(names, list) or not names:
        raise PipelineError(
            f"{file} has no names. Write names: [cat, dog], in the order of their ids."
        )
    names = [_name(file, name) for name in names]
    _check_names(file, names, values.get("nc", len(names)))
    return names


def _name(file: Path, name: Any) -> str:
    """What a class is called. Raises PipelineError if it is neither a text nor a whole number."""
    if not isinstance(name, str) and type(name) is not int:
        raise PipelineError(
            f"{file}: the class name {name!r} is read as {type(name).__name__}, not as text. Put"
            " the names into quotation marks, as in names: ['yes', 'no']."
        )
    return str(name)


def _check_names(file: Path, names: Sequence[str], count: int) -> None:
    """Raises PipelineError if two are equal, or there are not as many as the file says."""
    if twice := [name for name in names if names.count(name) > 1]:
        raise PipelineError(f"{file}: two classes are called {twice[0]!r}. Rename one.")
    if count != len(names):
        said = f"nc is {count}, and there are {len(names)} names"
        raise PipelineError(f"{file}: {said}. Correct one of them.")


def _in_order(file: Path, names: Mapping[int, str]) -> list[str]:
    numbers = range(len(names))
    if {*names} != {*numbers}:
        raise PipelineError(f"{file}: names must be numbered 0 to {numbers[-1]} without a gap.")
    return [names[i] for i in numbers]


def _places(value: Any) -> list:
    """The places that an entry lists, one or several, without those that are empty."""
    return list(filter(None, value if isinstance(value, list) else [value]))


def _within(root: Path, base: str, place: str, file: Path) -> Path:
    """A place that data.yaml names. Raises PipelineError if there is none, or if it is outside."""
    # Roboflow writes ../train/images and means the folder beside the file; many write a path of
    # their own machine.
    for option in (os.path.join(base, place), place, place.removeprefix("../")):
        path = inside(root, option)
        if path is not None and path.exists():
            return path if path.is_relative_to(root) else root / option  # a link of a snapshot
    if inside(root, os.path.join(base, place)) is None:
        raise PipelineError(
            f"{file}: {place!r} leads out of the data. Copy the pictures beside the file."
        )
    raise PipelineError(
        f"{file}: there is no {place!r}. Correct the path; it is relative to the file."
    )


def _pictures(root: Path, path: Path) -> Iterator[tuple[str, str]]:
    """Pictures of a folder and of those in it, or those that a .txt lists."""
    if path.is_dir():
        files = sorted(filter(_is_picture, path.rglob("*")))
        names = [file.relative_to(root).as_posix() for file in files]
        return zip(names, names, strict=True)
    return _in_list(root, path)


def _in_list(root: Path, file: Path) -> Iterator[tuple[str, str]]:
    """Pictures that the lines of a file name."""
    shown = file.relative_to(root).as_posix()
    return _yolo_darknet.listed(Paths(root), lines_of(file), shown)


def _is_picture(file: Path) -> bool:
    return is_picture(file) and not file.name.startswith(".")
