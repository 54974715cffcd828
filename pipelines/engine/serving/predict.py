"""Prediction on files, by the device half of the task: the same code that a bundle's predict.py runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines import catalog
from pipelines.edge.predict import save, stem
from pipelines.engine.data import learned
from pipelines.engine.proof import evaluate, proof
from pipelines.errors import PipelineError
from pipelines.task import Answer


def run(owner: Any, inputs: Any, out: Path | str | None = None) -> list[dict]:
    """Answers of a Run: [{"input": file, ...}]; see `predict`."""
    method, config, model = owner.method, owner.config, owner.model
    manifest = {
        "task": method.task,
        "labels": list(config.labels),
        "config": dict(method.device(config)),
        "learned": learned.lists(config.learned),
    }
    programs = evaluate.Programs(model, method, config)
    manifest |= {"inputs": programs.inputs, "programs": {name: {} for name in programs.names}}
    return predict(inputs, programs, manifest, out)


def bundle(
    owner: Any, inputs: Any, out: Path | str | None = None, format: str | None = None
) -> list[dict]:
    """Answers of one file of a Bundle: [{"input": file, ...}]; see `predict`."""
    manifest = {**owner.manifest, "learned": learned.lists(owner.config.learned)}
    try:
        answer = proof.predictor(owner.path, owner.kind(format), owner.method)
        return predict(inputs, answer, manifest, out)
    except ValueError as error:
        raise PipelineError(str(error)) from error


def predict(
    inputs: Any, run: Answer, manifest: Mapping, out: Path | str | None = None
) -> list[dict]:
    """One answer for each input: a file's name, encoded bytes, or text if the task takes it.

    JSON, and answers that are pictures, go to the folder `out`. Raises PipelineError naming the
    input that cannot be used.
    """
    half, answers = catalog.edge(manifest["task"]), []
    if isinstance(inputs, (str, os.PathLike, bytes)):
        inputs = [inputs]
    for i, item in enumerate(inputs):
        name = f"input {i}" if isinstance(item, bytes) else str(item)
        try:
            answer, pictures = half.predict(item, run, manifest)
        except (ValueError, OSError) as error:
            raise PipelineError(f"{name}: {error}") from error
        answers.append({"input": name, **answer})
        if out:
            save(Path(out), stem(i, name), answers[-1], pictures)
    return answers
