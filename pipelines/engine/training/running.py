"""A run's training from its beginning or its last checkpoint to its end, and what run.json says of it."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from pipelines.engine.data import service
from pipelines.engine.parallel import devices, processes
from pipelines.engine.proof import doubts, evaluate
from pipelines.engine.training import calibration, fit, precision, references, weights
from pipelines.engine.training import callbacks as user_callbacks
from pipelines.files import locked, sweep, write_json
from pipelines.progress import Progress


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


@contextlib.contextmanager
def _alone(run: Any) -> Iterator[None]:
    """Within it, no other process trains the run; who stops it learns how it goes on."""
    try:
        with locked(run.path / "lock"):
            sweep(run.path)
            yield
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(
            f"stopped. `pipelines train --resume {run.path}` goes on; with --finish it ends the run"
            " with what it has."
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


def _end(run: Any) -> None:
    run.info["status"] = "finished"
    write_json(run.path / "run.json", run.info)
