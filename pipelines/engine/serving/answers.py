"""Answers of a bundle by the device half of its task; light: nothing here loads TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from pipelines import catalog
from pipelines.edge.predict import each, opened, runnable
from pipelines.engine.data import learned
from pipelines.engine.proof import seal
from pipelines.engine.serving import asked
from pipelines.engine.serving.inputs import several
from pipelines.errors import PipelineError
from pipelines.task import NOTHING


def of_bundle(
    folder: Path,
    inputs: Sequence,
    out: Path | str | None = None,
    options: Mapping[str, Any] = NOTHING,
    tell: Callable[[str], object] | None = None,
) -> tuple[ModuleType, Iterator[dict]]:
    """(device half, answers as they come) of the float32 file, or else of the first that runs here.

    For the answers see `edge.predict.each`. Raises PipelineError if the bundle is not what was
    proven.
    """
    manifest = seal.read(folder)
    try:
        kinds = runnable(manifest)
        if not kinds:
            raise PipelineError(f"{folder} has no file that runs here. Export float32, too.")
        path = seal.require(folder, manifest, kinds[0])
        manifest["learned"] = learned.lists(learned.read(folder / learned.FOLDER))
        half = catalog.edge(manifest["task"])
        module = catalog.edge(manifest["fitted"]) if "fitted" in manifest else None
        run = opened(path, module)
    except KeyError as error:
        raise PipelineError(
            f"{folder / seal.MANIFEST} lacks {error}. Export the run again."
        ) from error
    except ValueError as error:
        raise PipelineError(str(error)) from error
    asked.refuse_unknown(half, options)
    asked.require_inputs(half, inputs, options)
    given = several(inputs, catalog.task(manifest["task"]))
    return half, each(given, half, run, manifest, out, options, tell)
