"""Train a task on data; prints where the run is."""

import argparse
import contextlib
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

import pipelines
from pipelines import catalog, quiet, terminal
from pipelines.config import describe, settings
from pipelines.engine.parallel import supervisor
from pipelines.errors import PipelineError
from pipelines.verbs import _backend, _flags, _owners, _settings, _told

LISTED = 10  # examples left out
TOGETHER = ("coordinator", "processes", "process")  # flags of several processes


def flags(parser: ArgumentParser) -> None:
    parser.add_argument(
        "task",
        metavar="TASK",
        nargs="?",
        help=f"{_flags.METHOD}; with --help behind it, its settings are listed too",
    )
    _flags.settings(parser)
    parser.add_argument(
        "--run", metavar="DIR", help="folder to make; a new one below runs/ by default"
    )
    parser.add_argument("--resume", metavar="DIR", help="go on with a run that was stopped")
    parser.add_argument(
        "--finish",
        action="store_true",
        help="with --resume: train no more, and end the run with the best it has",
    )
    parser.add_argument(
        "--more-epochs",
        metavar="N",
        type=int,
        help="with --resume: train a finished run for N epochs more",
    )
    parser.add_argument(
        "--minutes",
        metavar="N",
        type=float,
        help="time that training may take: as many epochs as fit are trained",
    )
    parser.add_argument(
        "--folds",
        metavar="N",
        type=int,
        help="cross-validation: N runs, each judged on a fold of its own; mean and deviation",
    )
    parser.add_argument(
        "--backend", choices=("tensorflow", "jax"), help="what trains; tensorflow by default"
    )
    parser.add_argument(
        "--devices", metavar="N", type=int, help="devices that share each batch, with --backend jax"
    )
    parser.add_argument(
        "--data-service",
        metavar="HOST:PORT",
        help="dispatcher of a tf.data service that prepares batches",
    )
    _together(parser)
    _flags.json(parser)
    parser.set_defaults(explain=_print_settings)


def _together(parser: ArgumentParser) -> None:
    """The flags of several processes, which the one that trains does not get."""
    parser.add_argument(
        "--coordinator",
        metavar="HOST:PORT",
        help="where process 0 of several listens for the others",
    )
    parser.add_argument(
        "--processes",
        metavar="N",
        type=int,
        help="processes that train together, each with devices",
    )
    parser.add_argument(
        "--process",
        metavar="I",
        type=int,
        help="which of them this is, from 0 on; 0 writes the run",
    )


def run(a: Namespace) -> tuple[dict | None, int]:
    _backend.use(a.backend)
    if any(getattr(a, name) is not None for name in TOGETHER):
        return None, _supervised(a.words)
    _check(a)
    machines = {"devices": a.devices, "data_service": a.data_service}
    machines = {name: value for name, value in machines.items() if value is not None}
    with _met():
        if a.folds is not None:
            return _folded(a, machines)
        if a.resume and _is_folded(a):
            return _folds_resumed(a, machines)
        trained = _resumed(a, machines) if a.resume else _new(a, machines)
    _say_left_out(trained.info["left_out"])
    print(f"run: {trained.path}")
    return {"run": str(trained.path), **trained.info}, 0


def _supervised(words: list[str]) -> int:
    """One of several processes, which is watched -> exit code."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    _together(parser)
    together, rest = parser.parse_known_args(words)
    return supervisor.supervise(rest, together.coordinator, together.processes, together.process)


def _check(a: Namespace) -> None:
    """Raises PipelineError for flags that do not go together."""
    if a.resume:
        _check_resumed(a)
    elif a.finish:
        raise PipelineError("--finish ends a run that was stopped: name it with --resume DIR.")
    elif a.more_epochs is not None:
        raise PipelineError("--more-epochs trains a finished run on: name it with --resume DIR.")
    elif not a.task:
        raise PipelineError(
            "train needs a TASK or METHOD, or --resume DIR. `pipelines methods` lists them."
        )


def _check_resumed(a: Namespace) -> None:
    new = (a.task, a.data, a.set, a.config, a.run, a.method, a.minutes, a.folds)
    if any(value not in (None, []) for value in new):
        raise PipelineError(
            "--resume goes on with a run as it was set up: of other flags it takes those on"
            " machines alone."
        )
    if a.finish and a.more_epochs is not None:
        raise PipelineError("--finish trains no more, and --more-epochs does. Choose one.")


def _met() -> contextlib.AbstractContextManager:
    """Meets the other processes of a training, if there are any, before anything else loads."""
    if supervisor.ADDRESS not in os.environ:
        return contextlib.nullcontext()
    with quiet.loading():
        from pipelines.engine.parallel import processes
    return processes.together()


def _resumed(a: Namespace, machines: dict[str, Any]) -> Any:
    trained = pipelines.resume(a.resume, finish=a.finish, epochs=a.more_epochs, **machines)
    _told.doubts(trained.info)
    return trained


def _new(a: Namespace, machines: dict[str, Any]) -> Any:
    given, data = _settings.given(a)
    if a.minutes is not None:
        given["minutes"] = a.minutes
    trained = pipelines.train(a.task, a.data or data, a.run, **(given | machines))
    _told.doubts(trained.info)
    return trained


def _folded(a: Namespace, machines: dict[str, Any]) -> tuple[dict, int]:
    """Cross-validation: (its scores, exit code)."""
    with quiet.loading():
        from pipelines import folds

    given, data = _settings.given(a)
    if a.minutes is not None:
        given["minutes"] = a.minutes
    place = a.run or _owners.free("folds")
    return _mean(folds.validate(a.task, a.data or data, a.folds, place, given | machines))


def _is_folded(a: Namespace) -> bool:
    """Whether what is resumed is a cross-validation. Raises PipelineError for flags of a run."""
    with quiet.loading():
        from pipelines import folds

    found = folds.is_one(a.resume)
    if found and (a.finish or a.more_epochs is not None):
        raise PipelineError(
            f"{a.resume} is a cross-validation: --finish and --more-epochs take one of its runs,"
            f" such as {a.resume}/fold_1."
        )
    return found


def _folds_resumed(a: Namespace, machines: dict[str, Any]) -> tuple[dict, int]:
    from pipelines import folds

    return _mean(folds.resume(a.resume, machines))


def _mean(found: dict) -> tuple[dict, int]:
    """Prints the scores of a cross-validation -> (they, exit code)."""
    rows = []
    for name, score in found["scores"].items():
        rows.append([name, f"{score['mean']:.4f}", f"{score['deviation']:.4f}"])
    print(terminal.table(rows, ["metric", f"mean of {found['folds']} folds", "deviation"]))
    return found, 0


def _say_left_out(names: list[str]) -> None:
    if not names:
        return
    more = ", ... (run.json lists all)" if len(names) > LISTED else ""
    print(
        f"left out, as the audit calls them bad: {len(names)} of the examples:"
        f" {', '.join(names[:LISTED])}{more}"
    )


def _print_settings(a: Namespace) -> None:
    """The settings of a method; of a task with several, what these are. They need no TensorFlow."""
    if not a.task:
        return
    task, own = catalog.split(a.task)
    entries = catalog.tasks()[task].methods
    chosen = own or a.method
    if not chosen and len(entries) > 1:
        print(f"\nmethods of {task}, for --method NAME; `train METHOD --help` has the settings:")
        _print_columns([(entry.name, entry.summary) for entry in entries])
        return
    found = catalog.method(chosen or entries[0].name, task)
    print(f"\nsettings of {task}/{found.name}, for --set KEY=VALUE:")
    _print_columns([(field.name, describe(field)) for field in settings(found.Config)])


def _print_columns(rows: Sequence[tuple[str, str]]) -> None:
    """Names, and what there is to say of each, in two columns."""
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        print(f"  {name.ljust(width)}  {text}")
