"""Prediction on files, by the device half of the task: the same code that a bundle's predict.py runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from pipelines import catalog
from pipelines.edge.predict import each
from pipelines.engine.data import learned
from pipelines.engine.proof import evaluate, proof
from pipelines.errors import PipelineError


def run(owner: Any, inputs: Any, out: Path | str | None = None) -> list[dict]:
    """Answers of a Run: [{"input": file, ...}]; see `collected`."""
    return collected(of_run(owner, _several(inputs), out)[1])


def of_run(
    owner: Any, inputs: Sequence, out: Path | str | None = None
) -> tuple[ModuleType, Iterator[dict]]:
    """(device half, answers as they come); see `edge.predict.each`."""
    method, config = owner.method, owner.config
    programs = evaluate.Programs(owner.model, method, config)
    manifest = {
        "task": method.task,
        "labels": list(config.labels),
        "config": dict(method.device(config)),
        "learned": learned.lists(config.learned),
        "inputs": programs.inputs,
        "programs": {name: {} for name in programs.names},
    }
    half = catalog.edge(method.task)
    return half, each(inputs, half, programs, manifest, out)


def bundle(
    owner: Any, inputs: Any, out: Path | str | None = None, format: str | None = None
) -> list[dict]:
    """Answers of one file of a Bundle: [{"input": file, ...}]; see `collected`."""
    manifest = {**owner.manifest, "learned": learned.lists(owner.config.learned)}
    half = catalog.edge(owner.task_name)
    try:
        run = proof.predictor(owner.path, owner.kind(format), owner.method)
        return collected(each(_several(inputs), half, run, manifest, out))
    except ValueError as error:
        raise PipelineError(str(error)) from error


def _several(inputs: Any) -> Sequence:
    """One input as a list of it."""
    return [inputs] if isinstance(inputs, (str, os.PathLike, bytes)) else inputs


def collected(found: Iterable[dict]) -> list[dict]:
    """All answers. Raises PipelineError if no input can be used, naming the first."""
    listed = list(found)
    bad = [answer for answer in listed if "error" in answer]
    if bad and len(bad) == len(listed):
        raise PipelineError(f"{bad[0]['input']}: {bad[0]['error']}")
    return listed
