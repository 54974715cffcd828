"""The run or the bundle that a command line names, and new folders for them."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import TypeGuard

import pipelines
from pipelines.errors import PipelineError

if typing.TYPE_CHECKING:
    from pipelines.bundle import Bundle
    from pipelines.run import Run


def run(path: str) -> Run:
    """The run at a path. Raises PipelineError if it is a bundle."""
    owner = pipelines.load(path)
    if is_bundle(owner):
        raise PipelineError(f"{path} is a bundle already; export takes a run.")
    return typing.cast("Run", owner)


def bundle(path: str, verb: str) -> Bundle:
    """The bundle at a path, for a verb. Raises PipelineError if it is a run."""
    owner = pipelines.load(path)
    if not is_bundle(owner):
        raise PipelineError(
            f"{path} is a run; {verb} takes a bundle. `pipelines export {path}` makes one."
        )
    return typing.cast("Bundle", owner)


def is_bundle(owner: Run | Bundle) -> TypeGuard[Bundle]:
    from pipelines.bundle import Bundle

    return isinstance(owner, Bundle)


def free(stem: str) -> Path:
    """The first of runs/STEM-001, runs/STEM-002 and so on that does not exist."""
    names = (Path("runs") / f"{stem}-{i:03d}" for i in range(1, 10_000))
    return next(path for path in names if not path.exists())
