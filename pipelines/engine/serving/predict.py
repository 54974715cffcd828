"""Prediction on files, by the device half of the task: the same code that a bundle's predict.py runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipelines import catalog
from pipelines.engine.data import learned
from pipelines.engine.proof import evaluate, proof
from pipelines.engine.serving import answers
from pipelines.errors import PipelineError


def run(owner: Any, inputs: Any, out: Path | str | None = None) -> list[dict]:
    """Answers of a Run: [{"input": file, ...}]; see `collected`."""
    return collected(of_run(owner, inputs, out))


def of_run(owner: Any, inputs: Any, out: Path | str | None = None) -> Iterator[dict]:
    """The same, each as soon as it is there."""
    method, config, model = owner.method, owner.config, owner.model
    manifest = {
        "task": method.task,
        "labels": list(config.labels),
        "config": dict(method.device(config)),
        "learned": learned.lists(config.learned),
    }
    programs = evaluate.Programs(model, method, config)
    manifest |= {"inputs": programs.inputs, "programs": {name: {} for name in programs.names}}
    return answers.each(inputs, catalog.edge(method.task), programs, manifest, out)


def bundle(
    owner: Any, inputs: Any, out: Path | str | None = None, format: str | None = None
) -> list[dict]:
    """Answers of one file of a Bundle: [{"input": file, ...}]; see `collected`."""
    manifest = {**owner.manifest, "learned": learned.lists(owner.config.learned)}
    half = catalog.edge(owner.task_name)
    try:
        run = proof.predictor(owner.path, owner.kind(format), owner.method)
        return collected(answers.each(inputs, half, run, manifest, out))
    except ValueError as error:
        raise PipelineError(str(error)) from error


def collected(found: Iterable[dict]) -> list[dict]:
    """All answers. Raises PipelineError if no input can be used, naming the first."""
    listed = list(found)
    bad = [answer for answer in listed if "error" in answer]
    if bad and len(bad) == len(listed):
        raise PipelineError(f"{bad[0]['input']}: {bad[0]['error']}")
    return listed
