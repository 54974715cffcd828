"""Options of `predict`, which the device half of a task has of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from types import ModuleType
from typing import Any

from pipelines import catalog
from pipelines.edge.options import Option
from pipelines.errors import PipelineError


def options(half: ModuleType) -> tuple[Option, ...]:
    """Those of one task; most have none."""
    return tuple(getattr(half, "OPTIONS", ()))


def all_options() -> list[Option]:
    """Those of all tasks, each name once."""
    found = {}
    for task in catalog.tasks():
        found |= {option.name: option for option in options(catalog.edge(task))}
    return list(found.values())


def refuse_unknown(half: ModuleType, names: Iterable[str]) -> None:
    """Raises PipelineError if the task has not got one of these options."""
    known = [option.name for option in options(half)]
    for name in names:
        if name not in known:
            task = half.__name__.rpartition(".")[2]
            has = f"It has {', '.join(known)}." if known else "Leave it out."
            raise PipelineError(f"predict of {task} has no option {name!r}. {has}")


def require_inputs(half: ModuleType, inputs: Any, names: Collection[str]) -> None:
    """Raises PipelineError if there is no input, and the task cannot do without one."""
    is_empty = isinstance(inputs, (list, tuple)) and not inputs
    if is_empty and not (hasattr(half, "asked") and names):
        hint = " Or make some: --count 16." if hasattr(half, "asked") else ""
        raise PipelineError(f"name an input: a file, a folder, or text.{hint}")
