"""COCO JSON files: their places, split and pictures, and what boxes and masks need of them."""

import itertools
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import PipelineError
from pipelines.formats._lines import forgiving, text_of
from pipelines.formats.examples import SPLIT_NAMES, Problem, own_file

PARTS = {
    "images": ("id", "file_name"),
    "annotations": ("image_id", "category_id"),
    "categories": ("id", "name"),
}
IDS = ("id", "image_id", "category_id")
OURS = re.compile(r"instances|_annotations\.coco\.json$")  # how files with both are called
DIGITS = 20  # a longer id is a name, such as a hash
NO_IMAGE = "there is no image with the id {!r}. Delete the annotation, or add the image."

Content = dict[str, list[dict[str, Any]]]  # {part: rows}
Id = int | str


def detect(path: Path) -> bool:
    """Whether `path` is a JSON file with images and annotations, or a folder that has such files
    in one of COCO's places.
    """
    return any(map(_looks_right, _files(path)))


def contents(path: Path) -> tuple[dict[Path, Content], list[Problem]]:
    """({file: what it holds} of all files at `path` that hold images and annotations, in the order
    of their names, a warning of each other file).

    A file that is called as one must be one. Raises PipelineError if there is none, naming the
    file, and the line or entry that is wrong.
    """
    files = _files(path)
    if not files:
        raise PipelineError(f"{path} holds no COCO JSON: a file with {', '.join(PARTS)}.")
    right = list(filter(_is_ours, files)) or files  # of files that are all wrong the first is named
    root = path if path.is_dir() else path.parent
    found = {file: _content(own_file(root, file)) for file in right}
    others = itertools.filterfalse(right.__contains__, files)
    return found, [_other(root, file) for file in others] + _nameless(root, right)


def _is_ours(file: Path) -> bool:
    """Whether a file is called as one of COCO, or begins as one."""
    return bool(OURS.match(file.name)) or _looks_right(file)


def _other(root: Path, file: Path) -> Problem:
    message = f"this file has no {' or no '.join(list(PARTS)[:2])}, and is left out."
    return Problem("warning", "unused-file", file.relative_to(root).as_posix(), message)


def _nameless(root: Path, files: Sequence[Path]) -> list[Problem]:
    """Warnings of files whose names say no split if those of others do."""
    nameless = [file for file in files if not _said_split(file)]
    if len(nameless) == len(files):
        return []
    message = (
        "its name says no split, so its pictures are train. Call it instances_train, instances_val"
        " or instances_test if they are not."
    )
    return [
        Problem("warning", "split-name", file.relative_to(root).as_posix(), message)
        for file in nameless
    ]


def _said_split(file: Path) -> str:
    """The split that the name of a file, or else that of its folder, says, or ""."""
    words = file.parent.name, file.stem.rpartition("_")[2]
    splits = (SPLIT_NAMES.get(_without_number(word)) for word in words)
    return next(filter(None, splits), "")


def _without_number(word: str) -> str:
    return re.sub(r"\d+$", "", word).lower()


def names(contents: Mapping[Path, Content]) -> dict[Id, str]:
    """{file: content} -> {category id: name}, in the order of ids, numbers first.

    Raises PipelineError if two files disagree, or two categories have one name.
    """
    found: dict[Id, str] = {}
    for file, content in contents.items():
        rows = categories(content)
        _check_names(file, rows, found)
        found.update(rows)
    return dict(sorted(found.items(), key=_numbers_first))


def categories(content: Content) -> list[tuple[Id, str]]:
    """[(id, name)] of one file."""
    return [(row["id"], str(row["name"])) for row in content["categories"]]


def split(file: Path, root: Path) -> tuple[str, list[str]]:
    """(split of a file, folders below the root in which its pictures may lie)."""
    word = file.parent.name
    if word.lower() not in SPLIT_NAMES:
        word = file.stem.rpartition("_")[2]
    split = SPLIT_NAMES.get(_without_number(word), "train")
    places = [file.parent, root, root / "images", root / word, root / "images" / word, root / split]
    return split, [place.relative_to(root).as_posix() for place in places if place.is_dir()]


def declared(row: Mapping[str, Any]) -> tuple[int, int] | None:
    """(height, width) of an image in pixels if its row says both."""
    height, width = row.get("height"), row.get("width")
    if isinstance(height, int) and isinstance(width, int) and min(height, width) > 0:
        return height, width
    return None


def _files(path: Path) -> list[Path]:
    """The JSON files at `path`: itself, or those in COCO's places, in the order of names."""
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    annotations = path / "annotations"
    places = (
        annotations.glob("instances*.json"),
        annotations.glob("*.json"),
        path.glob("*/_annotations.coco.json"),
        path.glob("*.json"),
    )
    return next(filter(None, map(sorted, places)), [])


def _content(file: Path) -> Content:
    """The parsed file, its three parts lists of dicts with what PARTS says.

    Raises PipelineError naming the file, and the line or entry that is wrong.
    """
    try:
        found = json.loads(text_of(file))
    except json.JSONDecodeError as error:
        raise PipelineError(
            f"{file}:{error.lineno} is not valid JSON: {error.msg}. Restore the file."
        ) from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, or nested too deep.
        raise PipelineError(f"{file} cannot be read: {error}. Restore the file.") from error
    for part in PARTS:
        _check(file, found, part)
        found[part] = list(map(_with_numbers, found[part]))
    return found


def _with_numbers(row: dict[str, Any]) -> dict[str, Any]:
    """An entry whose ids are numbers even if they are written as text: "3" is 3."""
    ids = {key: int(row[key]) for key in IDS if _is_number(row.get(key))}
    return row | ids


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < DIGITS


def _check(file: Path, found: Any, part: str) -> None:
    """Raises PipelineError if a part is no list of dicts with what PARTS says."""
    rows = found.get(part) if isinstance(found, dict) else None
    if not isinstance(rows, list) or not all(map(_is_dict, rows)):
        message = f"{file} has no list {part!r}. It must be COCO JSON: {', '.join(PARTS)}."
        raise PipelineError(message)
    for i, row in enumerate(rows):
        _check_row(f"{file}: {part}[{i}]", row, PARTS[part])


def _check_row(where: str, row: dict[str, Any], keys: Sequence[str]) -> None:
    missing = [key for key in keys if not _is_id(row.get(key))]
    if missing:
        raise PipelineError(f"{where} lacks {missing[0]!r}. Add it, or delete the entry.")


def _check_names(file: Path, rows: Sequence[tuple[Id, str]], known: Mapping[Id, str]) -> None:
    """Raises PipelineError if a category has another name elsewhere, or two have one."""
    own = dict(known)
    for category, name in rows:
        other = own.setdefault(category, name)
        if other != name:
            message = f"category {category} is {name!r}, elsewhere {other!r}. Rename one."
            raise PipelineError(f"{file}: {message}")
    _check_distinct(file, [name for _, name in rows])


def _check_distinct(file: Path, names: Sequence[str]) -> None:
    counts = Counter(names)
    if twice := [name for name in counts if counts[name] > 1]:
        raise PipelineError(f"{file}: two categories are called {twice[0]!r}. Rename one.")


def _numbers_first(item: tuple[Id, str]) -> tuple[bool, Id]:
    return isinstance(item[0], str), item[0]


def _looks_right(file: Path) -> bool:
    text = forgiving(file)
    return '"images"' in text and '"annotations"' in text


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict)


def _is_id(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)
