"""What a training is about to do, in a few lines, before it does it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from pipelines import terminal
from pipelines.formats.memory import reading
from pipelines.models.fitted import Fitted

NAMED = 10  # classes that are named
WARNINGS = 3  # warnings of the audit that are shown
ORDER = ("train", "validation", "test")
# Settings that other lines tell of, or that are long.
ELSEWHERE = {"labels", "epochs", "steps_per_epoch", "learning_rate", "class_weight_values"}
WIDTH = 12  # of the column of names


def text(
    made: Any, config: Any, model: keras.Model | Fitted, path: Path, started: Any = None
) -> str:
    """Lines of `name  what it is`. made: a SetUp; config: its settings, with the rate found.
    started: the weights that it starts from."""
    method = made.method
    rows = {
        "method": f"{method.task}/{method.name}" + (f": {made.why}" if made.why else ""),
        **_net(model),
        "start from": started.line() if started else "",
        "examples": _examples(made),
        "learned": method.learns(config),
        "classes": _classes(config.labels),
        **_audit(made),
        "settings": _settings(config, model),
        "by the data": _by_data(made.found),
        "run": str(path),
    }
    lines = [
        f"  {name.ljust(WIDTH)}{terminal.shown(value)}" for name, value in rows.items() if value
    ]
    return "\n".join([f"training on {terminal.shown(_data(made))}", *lines])


def _data(made: Any) -> str:
    """What the data is called."""
    return str(getattr(made.read, "source", "") or made.method.data or made.method.task)


def _net(model: keras.Model | Fitted) -> dict[str, str]:
    if isinstance(model, Fitted):
        return {}
    inner = [layer.name for layer in model.layers if isinstance(layer, keras.Model)]
    name = ", ".join(inner) or model.name
    inputs = [f"{t.name} {_shape(t.shape[1:])}" for t in keras.tree.flatten(model.input)]
    return {"net": f"{name}, {model.count_params():,} parameters", "input": ", ".join(inputs)}


def _shape(axes: tuple) -> str:
    return " x ".join("any" if axis is None else str(axis) for axis in axes) or "one number"


def _examples(made: Any) -> str:
    found = dict(made.source.parts())
    known = [name for name in ORDER if name in found]
    names = [*known, *(name for name in found if name not in known)]
    counts = ", ".join(f"{name} {found[name]:,}" for name in names)
    left_out = f"; {len(made.left_out):,} left out, as they have errors" if made.left_out else ""
    return f"{counts}{left_out}"


def _classes(labels: tuple[str, ...]) -> str:
    if not labels:
        return ""
    more = ", ..." if len(labels) > NAMED else ""
    return f"{len(labels)}: {', '.join(labels[:NAMED])}{more}"


def _audit(made: Any) -> dict[str, str]:
    """The first warnings, each under a name of its own, and how to see all."""
    warnings = [p for p in made.audited.problems if p.severity == "warning"]
    if not warnings:
        return {}
    shown = {}
    for number, problem in enumerate(warnings[:WARNINGS]):
        shown["warnings" if not number else " " * number] = f"{problem.where}: {problem.message}"
    if len(warnings) > WARNINGS:
        rest = f"and {len(warnings) - WARNINGS:,} more"
        where = _data(made)
        command = f"pipelines audit {shlex.quote(where)} --task {made.method.task}"
        is_held = where.startswith(reading.PREFIX)  # by a program: no command can name it
        shown[" " * WARNINGS] = rest if is_held else f"{rest}: `{command}` lists all"
    return shown


def _by_data(found: Mapping) -> str:
    """What follows from the data and stands in no other line: flip on, image_size 224."""
    shown = [f"{name} {value}" for name, value in found.items() if name not in ELSEWHERE]
    return ", ".join(shown)


def _settings(config: Any, model: keras.Model | Fitted) -> str:
    if isinstance(model, Fitted):
        return ""
    plural = "" if config.epochs == 1 else "s"
    fit = f", as many as fit in {config.minutes:g} min" if config.minutes else ""
    found = [f"{config.epochs} epoch{plural}{fit}, of {config.steps_per_epoch:,} steps each"]
    found.append(f"batches of {config.batch_size}")
    values: Mapping = config.as_dict()
    if "learning_rate" in values:
        kind = values.get("schedule", "constant")
        found.append(f"learning rate {values['learning_rate']:g}, {kind}")
    return "; ".join(found)
