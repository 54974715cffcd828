"""Task pipelines on Keras 3 and TensorFlow: from a folder of data to a proven model on the device.

Light to import: TensorFlow loads with the first verb.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines import quiet
from pipelines.errors import PipelineError, Refused

if typing.TYPE_CHECKING:
    from pipelines.bundle import Bundle
    from pipelines.engine.audit.audit import Audit
    from pipelines.engine.preflight import Finding
    from pipelines.run import Run
    from pipelines.tuning import Tuned

__version__ = "0.1.0"
__all__ = [
    "PipelineError",
    "Refused",
    "audit",
    "load",
    "preflight",
    "prepare",
    "resume",
    "train",
    "tune",
]


def train(
    task: str,
    data: Any = None,
    run: Path | str | None = None,
    callbacks: Sequence = (),
    model: Any = None,
    loss: Any = None,
    metrics: Sequence = (),
    **settings: Any,
) -> Run:
    """Trains a task, or one method of it, on `data` -> Run.

    task: a name of `pipelines methods`: a task, a method, or TASK/METHOD. data: a name of
    `pipelines datasets`, `tfds:NAME`, a path, None for the task's own default, or the data itself:
    `(x, y)`, {"train": (x, y), "test": ...}, a dict of columns, a list of (path, label), a
    DataFrame, a tf.data.Dataset or a Hugging Face Dataset; see docs/python.md. run: the folder to
    make, by default a new one below runs/. callbacks: Keras callbacks. model: a functional Keras
    model of your own with the task's inputs and output; loss, metrics: as `keras.Model.compile`
    takes them, in place of the method's. settings: `method`, and fields of the method's Config.
    Raises PipelineError for a name, setting or folder that will not do, Refused for data with
    errors.
    """
    with quiet.loading():
        from pipelines import run as runs
        from pipelines.engine.training import callbacks as user_callbacks
        from pipelines.engine.training import own
    user_callbacks.checked(callbacks)
    made = runs.start(task, data, run, settings, own.Own(model, loss, metrics))
    return made.train(callbacks)


def prepare(
    task: str,
    data: Any = None,
    run: Path | str | None = None,
    model: Any = None,
    loss: Any = None,
    metrics: Sequence = (),
    **settings: Any,
) -> Run:
    """A run that is ready to be trained -> Run: look at it by `show`, then call its `train`.

    Takes and raises what `train` does; callbacks go to `Run.train`.
    """
    with quiet.loading():
        from pipelines import run as runs
        from pipelines.engine.training import own
    return runs.start(task, data, run, settings, own.Own(model, loss, metrics))


def tune(
    task: str,
    data: Any = None,
    minutes: float = 20,
    trials: int | None = None,
    run: Path | str | None = None,
    space: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Tuned:
    """Searches better settings for a task within some minutes, by Optuna -> Tuned, with the best
    Run.

    The first trial has the method's own settings. trials: how many at most. run: the folder to
    make, with a run for each trial. space: {setting: (low, high), or a list of choices}; by default
    learning rate, weight decay, and what the method has of dropout and augmentation. settings:
    those that stay, as `train` takes them. Raises what `train` raises, and PipelineError without
    Optuna.
    """
    with quiet.loading():
        from pipelines import tuning
    return tuning.tune(task, data, minutes, trials, run, space, settings)


def preflight(
    task: str,
    data: Any = None,
    target: str = "tpu",
    chip: str = "v5e",
    ram: int | str | None = None,
    flash: int | str | None = None,
    **settings: Any,
) -> list[Finding]:
    """Whether this training would run on a TPU, or its model on a microcontroller; trains nothing.

    task, data, settings: as `train` takes them. target: tpu, which needs the JAX backend, with chip
    one of v2, v3, v4, v5e, v5p, v6e; or micro, with ram and flash such as 256KB, or None for any.
    Raises what `train` raises.
    """
    with quiet.loading():
        from pipelines.engine import preflight as engine
    return engine.judged(task, data, target, chip, ram, flash, settings)


def resume(
    run: Path | str,
    devices: int | None = None,
    data_service: str | None = None,
    data: Any = None,
    finish: bool = False,
    callbacks: Sequence = (),
    epochs: int | None = None,
) -> Run:
    """Continues a run that was stopped -> Run; it ends with the weights of a run that was not.

    devices, data_service: these settings, if they are others from here on. data: the data again,
    if it was held in memory. finish: whether to train no more, and end the run with what it has.
    callbacks: Keras callbacks. epochs: of a finished run, how many more are trained; see
    `Run.train`. Raises PipelineError if the data is not the same.
    """
    with quiet.loading():
        from pipelines import run as runs
        from pipelines.engine.parallel import processes
    opened = runs.Run(processes.folder(run), data)
    given = {"devices": devices, "data_service": data_service}
    changes = {name: value for name, value in given.items() if value is not None}
    opened.config = opened.config.replace(**changes)
    if epochs is not None:
        return opened.train(callbacks, epochs)
    if opened.finished():
        return opened
    return opened.finish() if finish else opened.train(callbacks)


def load(path: Path | str, data: Any = None) -> Run | Bundle:
    """The Run or Bundle in a folder. Raises PipelineError if it is neither.

    data: what the run learned from, if that was held in memory and its splits are needed.
    """
    if (Path(path) / "manifest.json").is_file():
        with quiet.loading():
            from pipelines.bundle import Bundle
        return Bundle(path)
    if (Path(path) / "run.json").is_file():
        with quiet.loading():
            from pipelines.run import Run
        return Run(path, data)
    raise PipelineError(
        f"{path} is neither a run nor a bundle: it has no run.json and no manifest.json."
    )


def audit(data: Any, format: str = "auto", task: str | None = None, **settings: Any) -> Audit:
    """What is wrong with this data, file by file -> Audit.

    task: a name of `pipelines methods`; then data is judged as a training with these settings would
    judge it, and PipelineError is raised if the task cannot use such data.
    """
    with quiet.loading():
        from pipelines.engine.training import auditing
    return auditing.audit(data, format, task, settings)
