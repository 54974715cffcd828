"""COCO JSON files: where they lie, which split and pictures are theirs, and what boxes and masks need of them."""

import json
import os
import re

from pipelines.errors import PipelineError
from pipelines.formats.examples import SPLIT_NAMES, inside

PARTS = {
    "images": ("id", "file_name"),
    "annotations": ("image_id", "category_id"),
    "categories": ("id", "name"),
}


def detect(path):
    """Whether `path` is a JSON file with images and annotations, or a folder with such files where COCO has them."""
    return any(_looks_right(file) for file in _files(path))


def contents(path):
    """{file: what it holds} of all files at `path` that hold images and annotations, in the order
    of their names.

    Raises PipelineError where there is none, naming the file, and the line or entry that is wrong.
    """
    files = _files(path)
    files = [
        file for file in files if _looks_right(file)
    ] or files  # of files that are all wrong the first is named
    if not files:
        raise PipelineError(f"{path} holds no COCO JSON: a file with {', '.join(PARTS)}.")
    return {file: _content(file) for file in files}


def _files(path):
    """The JSON files at `path`: itself, or those where COCO has them, in the order of names."""
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    if not path.is_dir():
        return []
    found = sorted((path / "annotations").glob("*.json"))
    found = [f for f in found if f.name.startswith("instances")] or found
    return found or sorted(path.glob("*/_annotations.coco.json")) or sorted(path.glob("*.json"))


def _content(file):
    """The parsed file, its three parts lists of dicts with what PARTS says.

    Raises PipelineError naming the file, and the line or entry that is wrong.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise PipelineError(
            f"{file}:{error.lineno} is not valid JSON: {error.msg}. Restore the file."
        ) from error
    except (
        OSError,
        ValueError,
        RecursionError,
    ) as error:  # no UTF-8, a number of thousands of digits, nested too deep
        raise PipelineError(f"{file} cannot be read: {error}. Restore the file.") from error
    for part, keys in PARTS.items():
        rows = found.get(part) if isinstance(found, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise PipelineError(
                f"{file} has no list {part!r}. It must be COCO JSON: {', '.join(PARTS)}."
            )
        for i, row in enumerate(rows):
            if missing := [key for key in keys if not _is_id(row.get(key))]:
                raise PipelineError(
                    f"{file}: {part}[{i}] lacks {missing[0]!r}. Add it, or delete the entry."
                )
    return found


def names(contents):
    """{file: content} -> {category id: name}, in the order of ids, numbers first.

    Raises PipelineError where two files disagree, or two categories have one name.
    """
    found = {}
    for file, content in contents.items():
        for row in content["categories"]:
            name = found.setdefault(row["id"], str(row["name"]))
            if name != str(row["name"]):
                raise PipelineError(
                    f"{file}: category {row['id']} is {row['name']!r}, elsewhere {name!r}. Rename"
                    " one."
                )
        listed = [str(row["name"]) for row in content["categories"]]
        if twice := [name for name in listed if listed.count(name) > 1]:
            raise PipelineError(f"{file}: two categories are called {twice[0]!r}. Rename one.")
    return {i: found[i] for i in sorted(found, key=lambda i: (isinstance(i, str), i))}


def split(file, root):
    """(split of a file, folders below the root in which its pictures may lie)."""
    word = (
        file.stem.rpartition("_")[2]
        if file.parent.name.lower() not in SPLIT_NAMES
        else file.parent.name
    )
    split = SPLIT_NAMES.get(re.sub(r"\d+$", "", word).lower(), "train")
    places = [file.parent, root, root / "images", root / word, root / "images" / word, root / split]
    return split, [p.relative_to(root).as_posix() for p in places if p.is_dir()]


def placed(root, name, places):
    """`name` in the first of the folders that has it; in the first of all where none has."""
    options = [os.path.join(place, name) if place != "." else name for place in places]
    for option in options:
        try:
            path = inside(root, option)
            if path is not None and path.is_file():
                return option
        except (OSError, ValueError, RuntimeError):
            break
    return options[0]


def _looks_right(file):
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return all(f'"{part}"' in text for part in ("images", "annotations"))


def _is_id(value):
    return isinstance(value, (str, int)) and not isinstance(value, bool)
