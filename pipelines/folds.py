"""Cross-validation: as many runs as folds, each judged on the fold that it has not seen."""

from __future__ import annotations

import functools
import os
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines import catalog, run
from pipelines.engine.data import folding, source
from pipelines.engine.training import setup
from pipelines.engine.training.commands import resuming
from pipelines.errors import PipelineError
from pipelines.files import write_json
from pipelines.formats.examples import Data
from pipelines.records import read_json
from pipelines.shapes import ANY

FILE = "folds.json"
ASKED = {  # what it begins with
    "folds": int,
    "method": str,
    "data": str,
    "settings": {str: ANY},
    "fingerprint?": str,  # runs of before do not have it
}


def validate(name: str, data: Any, count: int, path: Path | str, given: Mapping) -> dict:
    """Trains and judges a run for each of `count` folds, in the folders PATH/fold_1 and so on.

    name, data, given: a task or method, data and settings, as for a training. Gives, and writes to
    PATH/folds.json, {"folds": count, "scores": {name: {"mean", "deviation", "values"}}, "runs":
    paths}; the deviation is that of a sample. Raises PipelineError if the folder exists, or if
    the data cannot be folded.
    """
    path = Path(path)
    setup.absent(path)
    method, config, data, _ = setup.configured(name, data, given)
    if method.source(data, config) is not None:
        raise PipelineError(f"{method.task}/{method.name} learns from no data set: no folds.")
    read = source.read(data or catalog.bundled(method.data), config.format, method, config)
    together = functools.partial(method.together, config=config)
    folding.check(read, count, together)
    settings = {key: value for key, value in given.items() if key != "method"}
    asked = {
        "folds": count,
        "method": f"{method.task}/{method.name}",
        "data": setup.named(data, read),
        "settings": {key: _plain(value) for key, value in settings.items()},
        "fingerprint": read.fingerprint(),
    }
    write_json(path / FILE, asked)
    return _trained(path, asked, settings, folding.folded(read, count, together), {})


def resume(path: Path | str, machines: Mapping) -> dict:
    """Goes on with a cross-validation that was stopped -> what `validate` gives.

    Folds that are done stay as they are. machines: settings of devices, which the others take over.
    Raises PipelineError if the data is not the same.
    """
    path = Path(path)
    asked = read_json(path / FILE, ASKED)
    if "fingerprint" not in asked:
        raise PipelineError(
            f"{path} was begun by an earlier version of this package, which cut folds in another"
            " way. Begin anew with another --run."
        )
    settings = {**asked["settings"], **machines}
    data = catalog.bundled(asked["data"])
    method, config, data, _ = setup.configured(asked["method"], data, settings)
    read = source.read(data, config.format, method, config)
    if asked["fingerprint"] != read.fingerprint():
        raise PipelineError(
            f"{asked['data']} has changed since {path} began, and its folds would not be of the"
            " same examples. Put the data back as it was, or begin anew with another --run."
        )
    together = functools.partial(method.together, config=config)
    parts = folding.folded(read, asked["folds"], together)
    return _trained(path, asked, settings, parts, machines)


def is_one(path: Path | str) -> bool:
    """Whether a folder is of a cross-validation."""
    return (Path(path) / FILE).is_file()


def _trained(
    path: Path, asked: Mapping, settings: Mapping, parts: Iterator[Data], machines: Mapping
) -> dict:
    """Trains and judges what is left -> the result, which is written as well.

    machines: settings that a fold which was stopped goes on with.
    """
    count, results, runs = asked["folds"], [], []
    try:
        for number, part in enumerate(parts, 1):
            print(f"fold {number} of {count}", flush=True)
            own = path / f"fold_{number}"
            results.append(_result(own, part, asked["method"], settings, machines))
            runs.append(str(own))
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(f"stopped. `{resuming(path)}` goes on.") from stop
    found = {"folds": count, "scores": _scores(results), "runs": runs}
    write_json(path / FILE, {**asked, **found})
    return found


def _result(own: Path, part: Data, method: str, settings: Mapping, machines: Mapping) -> dict:
    """The scores of one fold, whose run is started, resumed, or done."""
    judged = own / "evaluations" / "test" / "result.json"
    if judged.is_file():
        return read_json(judged, {"result": {str: ANY}})["result"]
    is_there = (own / "run.json").is_file()
    made = run.Run(own, part) if is_there else run.start(method, part, own, settings)
    made.config = made.config.replace(**machines)
    return (made if made.finished() else made.train()).evaluate()


def _plain(value: Any) -> Any:
    """A setting as JSON has it."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _scores(results: list[dict]) -> dict[str, dict]:
    """{score: its mean, deviation and values over the results}"""
    names = [name for name, value in results[0].items() if isinstance(value, float)]
    found = {}
    for name in names:
        values = [result[name] for result in results]
        mean, deviation = statistics.mean(values), statistics.stdev(values)
        found[name] = {"mean": mean, "deviation": deviation, "values": values}
    return found
