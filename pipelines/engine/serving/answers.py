"""Answers by the device half of a task, one input at a time; light: nothing here loads TensorFlow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines import catalog, terminal
from pipelines.edge import fitted, litert
from pipelines.edge import learned as lists
from pipelines.edge.predict import RUNNABLE, save, stem
from pipelines.errors import PipelineError
from pipelines.files import read_json, sha256, within

LEARNED = "learned"  # folder of a bundle


def each(
    inputs: Any, half: Any, run: Any, manifest: Mapping, out: Path | str | None = None
) -> Iterator[dict]:
    """{"input": name, ...} of each input as soon as it is there: a file's name, bytes, or text.

    An input that cannot be used gives {"input", "error": reason}, and the others are not lost.
    JSON, and answers that are pictures, go to the folder `out`.
    """
    if isinstance(inputs, (str, os.PathLike, bytes)):
        inputs = [inputs]
    for i, item in enumerate(inputs):
        name = f"input {i}" if isinstance(item, bytes) else str(item)
        try:
            answer, pictures = half.predict(item, run, manifest)
        except (ValueError, OSError) as error:
            yield {"input": name, "error": str(error)}
            continue
        answer = {"input": name, **answer}
        if out:
            save(Path(out), stem(i, name), answer, pictures)
        yield answer


def of_bundle(folder: Path, inputs: Any, out: Path | str | None = None) -> Iterator[dict]:
    """Answers of a bundle's float32 file, or else of the first one that runs without TensorFlow.

    Raises PipelineError if the bundle is not what was proven.
    """
    manifest = read_json(folder / "manifest.json")
    try:
        files = manifest["files"]
        kinds = [kind for kind, record in files.items() if record["path"].endswith(RUNNABLE)]
        if not kinds:
            raise PipelineError(f"{folder} has no file that runs here. Export float32, too.")
        record = files["float32" if "float32" in kinds else kinds[0]]
        digests = {n: d for n, d in manifest["sha256"].items() if n.startswith(f"{LEARNED}/")}
        path = _own(folder, record["path"], record["sha256"])
        for name, digest in digests.items():
            _own(folder, name, digest)
        manifest["learned"] = lists.read(folder / LEARNED)
        half = catalog.edge(manifest["task"])
        run = _model(path, manifest)
    except KeyError as error:
        raise PipelineError(
            f"{folder / 'manifest.json'} lacks {error}. Export the run again."
        ) from error
    except ValueError as error:
        raise PipelineError(str(error)) from error
    yield from each(inputs, half, run, manifest, out)


def _own(folder: Path, name: str, digest: str) -> Path:
    file = within(folder, name)
    if not (file.exists() and sha256(file) == digest):
        raise PipelineError(
            f"{file} does not belong to this model: its SHA-256 differs. Export the run again."
        )
    return file


def _model(path: Path, manifest: Mapping) -> Any:
    if path.suffix == ".npz":
        return fitted.Arrays(path, catalog.edge(manifest["fitted"]))
    with terminal.hushed():  # LiteRT greets on standard error
        return litert.Model(path)
