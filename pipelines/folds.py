"""Cross-validation: as many runs as folds, each judged on the fold that it has not seen."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines import catalog, run
from pipelines.engine.data import folding, source
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.files import write_json

FILE = "folds.json"


def validate(name: str, data: Any, count: int, path: Path | str, given: Mapping) -> dict:
    """Trains and judges a run for each of `count` folds, in the folders PATH/fold_1 and so on.

    name, data, given: a task or method, data and settings, as for a training. Gives, and writes to
    PATH/folds.json, {"folds": count, "scores": {name: {"mean", "deviation", "values"}}, "runs":
    paths}; the deviation is that of a sample. Raises PipelineError if the folder exists, or if
    the data cannot be folded.
    """
    path = Path(path)
    if path.exists():
        raise PipelineError(f"{path} exists already. Name another folder with --run.")
    method, config, data, _ = setup.configured(name, data, given)
    if method.source(data, config) is not None:
        raise PipelineError(f"{method.task}/{method.name} learns from no data set: no folds.")
    read = source.read(data or catalog.bundled(method.data), config.format, method, config)
    settings = {key: value for key, value in given.items() if key != "method"}
    results, runs = [], []
    for number, part in enumerate(folding.folded(read, count), 1):
        print(f"fold {number} of {count}", flush=True)
        own = path / f"fold_{number}"
        made = run.start(f"{method.task}/{method.name}", part, own, settings).train()
        results.append(made.evaluate())
        runs.append(str(own))
    found = {"folds": count, "scores": _scores(results), "runs": runs}
    write_json(path / FILE, found)
    return found


def _scores(results: list[dict]) -> dict[str, dict]:
    """{score: its mean, deviation and values over the results}"""
    names = [name for name, value in results[0].items() if isinstance(value, float)]
    found = {}
    for name in names:
        values = [result[name] for result in results]
        mean, deviation = statistics.mean(values), statistics.stdev(values)
        found[name] = {"mean": mean, "deviation": deviation, "values": values}
    return found
