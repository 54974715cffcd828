"""A run's training from its beginning or its last checkpoint to its end, and what run.json says of
it."""

from __future__ import annotations

import contextlib
import functools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from pipelines.engine.data import service
from pipelines.engine.parallel import devices, processes
from pipelines.engine.proof import doubts, evaluate
from pipelines.engine.training import (
    calibration,
    checkpoint,
    fit,
    precision,
    references,
    start,
    weights,
)
from pipelines.engine.training import callbacks as user_callbacks
from pipelines.engine.training.commands import resuming
from pipelines.engine.training.loop import CHECKPOINTS
from pipelines.errors import PipelineError
from pipelines.files import locked, sweep, write_json, write_yaml
from pipelines.progress import Progress
from pipelines.records import read_yaml


def train(run: Any, callbacks: Sequence = ()) -> None:
    """Trains a Run to the end, from the last checkpoint if there is one.

    callbacks: of the user. Raises Refused if another process does so.
    """
    called = user_callbacks.checked(callbacks)
    said = user_callbacks.told(called, run.method, run.config, fit.phases(run.method, run.config))
    if said:
        print(said, flush=True)
    with _alone(run):
        service.check(run.config.data_service)
        _do(run, functools.partial(fit.fit, callbacks=called))
        references.train(run)
        _end(run)


def finish(run: Any) -> None:
    """Ends a Run at its last checkpoint, with the weights that are kept of the epochs so far.

    Raises PipelineError if there is no checkpoint, Refused if another process trains it.
    """
    with _alone(run):
        _do(run, fit.finish)
        run.info["finished_early"] = True
        _end(run)


def more(run: Any, epochs: int, callbacks: Sequence = ()) -> None:
    """Trains a finished Run for `epochs` more, in its folder.

    callbacks: of the user. Raises PipelineError if it is not finished, if it has no checkpoint, or
    if its phases have no lengths of their own.
    """
    if not run.finished():
        raise PipelineError(
            f"{run.path} was stopped before its end: `{resuming(run.path)}` goes on with it, and"
            " then it can be trained for more epochs."
        )
    found = fit.newest(run.path / CHECKPOINTS)
    if epochs < 1 or not found:
        what = "epochs must be at least 1" if epochs < 1 else f"{run.path} has no checkpoint"
        raise PipelineError(f"{what}. A new run may start from it: start_from={run.path}.")
    path, arrays, state = found
    config = _extended(run, math.ceil(state["step"] / run.config.steps_per_epoch) + epochs)
    with _alone(run):
        checkpoint.save(path, arrays, state | {"stopped": False, "waited": 0})
        file = run.path / "config.yaml"
        write_yaml(file, {**read_yaml(file), **config.as_dict()})
        run.set_up(config)
        run.info.pop("finished_early", None)
        _end(run, "running")
    train(run, callbacks)


def _extended(run: Any, epochs: int) -> Any:
    """The settings of a Run that trains until `epochs` are done in all."""
    config = run.config.extended(epochs)
    stages = [fit.phases(run.method, c) for c in (run.config, config)]
    before, after = ([stage.config.epochs for stage in found[:-1]] for found in stages)
    if before != after:
        raise PipelineError(
            f"the phases of {run.path} would begin at other epochs. Start a new run from it:"
            f" start_from={run.path}."
        )
    return config


@contextlib.contextmanager
def _alone(run: Any) -> Iterator[None]:
    """Within it, no other process trains the run; who stops it learns how it goes on."""
    try:
        with locked(run.path / "lock"):
            sweep(run.path)
            yield
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(
            f"stopped. `{resuming(run.path)}` goes on; with --finish it ends the run with what it"
            " has."
        ) from stop


def _do(run: Any, work: Callable) -> None:
    """Makes the model, lets `work` train it, and writes it."""
    began = time.perf_counter()
    processes.agree("settings", str(run.config.as_dict()))
    processes.agree("the contents of the data", run.info["data"]["fingerprint"])
    with precision.policy(run.config.precision), devices.shared(run.config):
        keras.utils.set_random_seed(run.config.seed)
        with Progress("building the net"):
            model = run.method.model(run.config)
            start.apply(run.path, model)
        history = work(model, run.method, run.config, run.source, run.path)
        calibrated = calibration.calibrate(model, run.method, run.config, run.source)
        weights.write(model, run.path)
    run.info |= {
        "weights_sha256": weights.sha256(model),
        "parameters": model.count_params(),
        "epochs_done": len(history),
        "minutes": run.info.get("minutes", 0) + (time.perf_counter() - began) / 60,
    }
    if calibrated:
        run.info["calibration"] = calibrated
    validation = run.source.held_out("validation")

    def look() -> dict:
        answer = evaluate.decoder(model, run.method, run.config)
        return evaluate.score(answer, validation, run.method, run.config)

    run.info |= doubts.of_training(history, validation, run.method, run.config, look)


def _end(run: Any, status: str = "finished") -> None:
    run.info["status"] = status
    write_json(run.path / "run.json", run.info)
