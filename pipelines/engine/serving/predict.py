"""Prediction on files, by the device half of the task: the same code that a bundle's predict.py
runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from pipelines import catalog
from pipelines.edge.predict import answered, each, save, stem
from pipelines.engine.data import learned
from pipelines.engine.proof import evaluate, proof
from pipelines.engine.serving import asked, result
from pipelines.engine.serving.inputs import several
from pipelines.errors import PipelineError
from pipelines.task import NOTHING, Answer


def run(
    owner: Any,
    inputs: Any,
    out: Path | str | None = None,
    pictures: bool = False,
    seconds: float = 1.0,
    options: Mapping[str, Any] = NOTHING,
) -> result.Answers:
    """Answers of a Run: [{"input": file, ...}]; see `collected`."""
    half, programs, manifest = _opened(owner)
    asked.refuse_unknown(half, options)
    asked.require_inputs(half, inputs, options)
    given = several(inputs, owner.method, seconds)
    return collected(answered(given, half, programs, manifest, options), half, out, pictures)


def of_run(
    owner: Any,
    inputs: Any,
    out: Path | str | None = None,
    options: Mapping[str, Any] = NOTHING,
    tell: Callable[[str], object] | None = None,
) -> tuple[ModuleType, Iterator[dict]]:
    """(device half, answers as they come); see `edge.predict.each`."""
    half, programs, manifest = _opened(owner)
    asked.refuse_unknown(half, options)
    asked.require_inputs(half, inputs, options)
    given = several(inputs, owner.method)
    return half, each(given, half, programs, manifest, out, options, tell)


def bundle(
    owner: Any,
    inputs: Any,
    out: Path | str | None = None,
    format: str | None = None,
    pictures: bool = False,
    seconds: float = 1.0,
    options: Mapping[str, Any] = NOTHING,
) -> result.Answers:
    """Answers of one file of a Bundle: [{"input": file, ...}]; see `collected`."""
    manifest = {**owner.manifest, "learned": learned.lists(owner.config.learned)}
    half = catalog.edge(owner.task_name)
    asked.refuse_unknown(half, options)
    asked.require_inputs(half, inputs, options)
    given = several(inputs, owner.method, seconds)
    try:
        model = proof.predictor(owner.path, owner.kind(format), owner.method)
        found = answered(given, half, model, manifest, options)
        return collected(found, half, out, pictures)
    except ValueError as error:
        raise PipelineError(str(error)) from error


def _opened(owner: Any) -> tuple[ModuleType, Answer, dict]:
    """(device half, programs, what the half has to know) of a Run."""
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
    return catalog.edge(method.task), programs, manifest


def collected(
    found: Iterator[tuple[dict, dict]],
    half: ModuleType,
    out: Path | str | None = None,
    pictures: bool = False,
) -> result.Answers:
    """All answers, with their pictures if these are asked for; JSON and pictures go to `out`.

    Raises PipelineError if no input can be used, naming the first.
    """
    listed = result.Answers()
    for i, (answer, drawn) in enumerate(found):
        if out and "error" not in answer:
            save(Path(out), stem(i, answer["input"]), answer, drawn)
        listed.append(result.made(answer, half, drawn if pictures else {}))
    bad = [answer for answer in listed if "error" in answer]
    if bad and len(bad) == len(listed):
        raise PipelineError(f"{bad[0]['input']}: {bad[0]['error']}")
    return listed
