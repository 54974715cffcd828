"""The audit of data by itself, or as a training with some settings would judge it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pipelines import catalog
from pipelines.config import Config
from pipelines.engine.audit import audit as engine
from pipelines.engine.data import source
from pipelines.engine.training import setup
from pipelines.errors import NotInstalled, PipelineError
from pipelines.formats.examples import Data, Problem
from pipelines.formats.memory import holding
from pipelines.progress import Progress
from pipelines.task import Method


def audit(data: Any, format: str, task: str | None, given: Mapping) -> engine.Audit:
    """See `pipelines.audit`. given: settings of the method, and `method` itself."""
    if task is None:
        if given:
            raise PipelineError(
                f"{', '.join(given)}: settings belong to a task. Name one with --task."
            )
        if holding.holds(data) and not isinstance(data, Data):
            raise PipelineError(
                "of data in memory the task says what its columns are. Name it:"
                " audit(data, task=NAME); `pipelines tasks` lists the names."
            )
        with Progress("reading the data"):
            read = data if isinstance(data, Data) else catalog.load(str(data), format)
        return engine.audit(read, unlabelled=True)
    given = {"format": format, **given}
    method, config, data, _ = setup.configured(task, data, given)
    own = method.source(data, config)
    if own is not None:
        return setup.audit_of(own, method, config)
    try:
        read = source.read(data, config.format, method, config)
    except NotInstalled as missing:
        return _unadapted(data, method, config, missing)
    result = source.audited(read, method)
    kept = engine.without(read, result.bad)
    if len(kept.splits.get("train", ())):
        return _tried(kept, result, method, config)
    return result


def _unadapted(data: Any, method: Method, config: Config, missing: NotInstalled) -> engine.Audit:
    """The audit of data as it was read, if what the method makes of it needs what is missing."""
    read = source.held(data, method, config.labels)
    if not isinstance(read, Data):
        with Progress("reading the data"):
            read = catalog.load(str(read), config.format, method.target or None)
    result = source.audited(read, method)
    text = f"what {method.name} makes of the data is not judged here: {missing}"
    note = Problem("note", "not-judged", read.source, text)
    return dataclasses.replace(result, problems=[*result.problems, note])


def _tried(kept: Data, result: engine.Audit, method: Method, config: Config) -> engine.Audit:
    """The audit with what training says of the data without its bad examples.

    Raises PipelineError if that is all that is wrong.
    """
    try:
        resolved = setup.resolved(method, config, kept, result)
        source.split(kept, "train", method, resolved).sample(1)
    except NotInstalled:  # an audit needs no weights and no package of the method
        return result
    except PipelineError as error:
        if not result.errors:
            raise
        refusal = Problem("error", "unusable", "train", str(error))
        return dataclasses.replace(result, problems=[*result.problems, refusal])
    return result
