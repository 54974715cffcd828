"""What a user hands to `predict`, as single inputs of a device half: files, bytes, or text."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from pipelines.edge import plain_text
from pipelines.engine.serving import download, video
from pipelines.errors import PipelineError
from pipelines.formats._picture_files import is_picture
from pipelines.formats.memory import pictures
from pipelines.task import Method

Input = Any  # of `edge.predict.each`: a file's name, bytes, text, or a pair (name, one of these)
GLOB = frozenset("*?[")


def several(inputs: Any, method: Method, seconds: float = 1.0) -> Iterator[Input]:
    """One input or any number of them -> single ones, as they come.

    For a task that takes pictures: files, folders and patterns such as "*.jpg", http(s) addresses,
    videos (a frame each `seconds`; 0 is every frame), encoded bytes, Pillow pictures, and arrays
    (H, W) or (H, W, C), or (N, H, W) or (N, H, W, C), or lists of them. For a task that takes text:
    texts, files, folders and patterns. What cannot be used is a pair of its name and the reason.
    """
    takes_pictures = any(feature.kind == "picture" for feature in method.features.values())
    count = itertools.count()
    for item in _listed(inputs):
        if takes_pictures:
            yield from _pictures(item, count, seconds)
        else:
            yield from _texts(item)


def _listed(inputs: Any) -> Iterable:
    """One input as a list of it."""
    is_one = isinstance(inputs, (str, os.PathLike, bytes, Image.Image)) or hasattr(inputs, "shape")
    is_words = is_one and getattr(inputs, "dtype", None) is not None and inputs.dtype.kind in "UO"
    if is_words:
        found = inputs.tolist()  # of a single numpy.str_, a str
        return found if isinstance(found, list) else [found]
    if not is_one and not isinstance(inputs, Iterable):
        raise PipelineError(
            f"predict takes files, pictures, arrays or texts; got {type(inputs).__name__}."
        )
    return [inputs] if is_one else inputs


def _pictures(item: Any, count: Iterator[int], seconds: float) -> Iterator[Input]:
    batch = pictures.batch(item)
    if batch is not None:
        for picture in batch:
            yield _in_memory(picture, next(count))
    elif isinstance(item, (str, os.PathLike)):
        yield from _named(os.fspath(item), seconds)
        next(count)
    elif isinstance(item, tuple):
        yield item
    else:
        yield _in_memory(item, next(count))


def _in_memory(picture: Any, i: int) -> Input:
    """A picture that is no file, named by its place, or by the file that it was opened from."""
    name = f"input {i}"
    if isinstance(picture, Image.Image):
        name = str(getattr(picture, "filename", "")) or name
    try:
        source = pictures.one(picture)
    except ValueError as error:
        return name, error
    if source is None:
        return name, ValueError(f"is no picture: {type(picture).__name__}")
    return name, source


def _named(name: str, seconds: float) -> Iterator[Input]:
    """What a path, a pattern or an address means."""
    if download.is_address(name):
        yield name, _downloaded(name)
        return
    files = _files(name, is_picture, "picture")
    for file in files:
        if isinstance(file, str) and video.is_video(file):
            yield from video.frames(file, seconds)
        else:
            yield file


def _downloaded(address: str) -> bytes | ValueError:
    try:
        return download.fetch(address)
    except ValueError as error:
        return error


def _texts(item: Any) -> Iterator[Input]:
    if not isinstance(item, (str, os.PathLike)):
        yield item
        return
    name = os.fspath(item)
    found = _files(name, _is_text, "text")
    # A path that names nothing stays a path, so that it is not taken for a text.
    yield from [item] if found == [name] else found


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in plain_text.SUFFIXES


def _files(name: str, fits: Any, noun: str) -> list[Input]:
    """The files of a folder or of a pattern in the order of their names; else the name itself."""
    try:
        if os.path.isdir(name):
            return _in_folder(name, fits) or [(name, ValueError(f"is a folder without a {noun}"))]
        if GLOB.isdisjoint(name) or os.path.exists(name):
            return [name]
        return sorted(filter(os.path.isfile, glob.glob(name, recursive=True))) or [name]
    except (OSError, ValueError):  # a text that no path can be
        return [name]


def _in_folder(name: str, fits: Any) -> list[Input]:
    """The files below a folder that fit, in the order of their names."""
    found = sorted(path for path in Path(name).rglob("*") if _is_file(path, fits))
    return list(map(str, found))


def _is_file(path: Path, fits: Any) -> bool:
    is_hidden = any(part.startswith(".") for part in path.parts if part not in (".", ".."))
    return not is_hidden and path.is_file() and fits(path)
