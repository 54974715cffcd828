"""The frames of a video, one by one, by PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import installing
from pipelines.formats.memory import pictures

SUFFIXES = frozenset((".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv"))


def is_video(path: str) -> bool:
    """Whether a file is called as a video is."""
    return Path(path).suffix.lower() in SUFFIXES


def frames(path: str, seconds: float = 1.0) -> Iterator[tuple[str, bytes | ValueError]]:
    """Yields (name with the time, PNG) of a frame each `seconds`, upright; 0 is every frame.

    What cannot be read is a pair of the file's name and the reason.
    """
    try:
        import av
    except ImportError:
        yield (
            path,
            ValueError(
                f"is a video, whose frames need PyAV. Install it: {installing.line('video')}"
            ),
        )
        return
    count = 0
    try:
        with av.open(path) as container:
            for at, frame in _spaced(container, seconds):
                yield f"{path}@{at:.2f}s", _upright(frame)
                count += 1
    except (av.error.FFmpegError, IndexError, OSError) as error:
        why = getattr(error, "strerror", "") or "it has no picture"
        yield path, ValueError(f"cannot be read as a video: {why}")
        return
    if not count:
        yield path, ValueError("is a video without a frame")


def _spaced(container: Any, seconds: float) -> Iterator[tuple[float, Any]]:
    """(time in s, frame) of the first frame, and of the next ones that lie `seconds` apart."""
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    due = None
    for number, frame in enumerate(container.decode(stream)):
        at = float(number if frame.time is None else frame.time)
        if due is None or at >= due - 1e-6:
            yield at, frame
            due = at + seconds if due is None else due + seconds


def _upright(frame: Any) -> bytes:
    """The frame as PNG, turned as its file says."""
    turns = round(frame.rotation / 90)
    picture = pictures.one(np.rot90(frame.to_ndarray(format="rgb24"), turns))
    assert isinstance(picture, bytes)
    return picture
