"""The settings that a command line gives, by --config and --set."""

from argparse import Namespace
from collections.abc import Iterable
from typing import Any

from pipelines import catalog
from pipelines.errors import PipelineError
from pipelines.records import read_yaml

# Parameters in Python that are no settings.
FLAGS = {"task", "run", "callbacks", "model", "loss", "metrics", "space", "trials"}


def given(a: Namespace) -> tuple[dict[str, Any], str | None]:
    """(settings, data) from --config and then --set, which goes first."""
    settings = read_yaml(a.config) if a.config else {}
    data, task = settings.pop("data", None), settings.pop("task", None)
    if task is not None and task != catalog.split(a.task)[0]:
        raise PipelineError(f"{a.config} is for the task {task!r}, not {a.task!r}.")
    settings |= _pairs(a.set)
    if wrong := sorted(FLAGS & set(settings)):
        raise PipelineError(f"{wrong[0]} is no setting. `pipelines train --help` has the flags.")
    if a.method:
        settings["method"] = a.method
    return settings, settings.pop("data", data)


def _pairs(items: Iterable[str]) -> dict[str, str]:
    found = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals:
            raise PipelineError(f"--set takes KEY=VALUE; got {item!r}.")
        found[name] = value
    return found
