"""The audit of data by itself, or as a training with some settings would judge it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines import catalog
from pipelines.engine.audit import audit as engine
from pipelines.engine.data import source
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.formats.examples import Data


def audit(data: Any, format: str, task: str | None, given: Mapping) -> engine.Audit:
    """See `pipelines.audit`. given: settings of the method, and `method` itself."""
    if task is None:
        if given:
            raise PipelineError(
                f"{', '.join(given)}: settings belong to a task. Name one with --task."
            )
        read = data if isinstance(data, Data) else catalog.load(str(data), format)
        return engine.audit(read, unlabelled=True)
    given = {"format": format, **given}
    method, config, data, _ = setup.configured(task, data, given)
    own = method.source(data, config)
    if own is not None:
        return setup.audit_of(own, method, config)
    read = source.read(data, config.format, method, config)
    result = source.audited(read, method)
    kept = engine.without(read, result.bad)
    if len(kept.splits.get("train", ())):
        resolved = setup.resolved(method, config, kept, result)
        source.split(kept, "train", method, resolved).sample(1)
    return result
