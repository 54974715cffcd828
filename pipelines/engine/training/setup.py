"""What comes before a training: the method chosen, data audited, settings resolved, a folder
made."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from pipelines import catalog
from pipelines.config import Config, settings
from pipelines.edge.pictures import RANGES
from pipelines.engine.audit.audit import Audit
from pipelines.engine.data import kept, learned, service, source
from pipelines.engine.parallel import devices, processes
from pipelines.engine.training import budget, fit, learning_rate, own, summary
from pipelines.engine.training import start as start_weights
from pipelines.engine.training.commands import resuming
from pipelines.engine.training.own import Own
from pipelines.errors import PipelineError, Refused
from pipelines.files import appearing, sweep_beside, write_json, write_yaml
from pipelines.formats.examples import Data
from pipelines.progress import Progress
from pipelines.shapes import NUMBER
from pipelines.task import Method, Source

FORMAT = 2  # of the folder of a run; 1 knew no methods
INFO = {  # the shape of run.json
    "task": str,
    "method": str,
    "status": str,
    "started": str,
    "data": {"format": str, "fingerprint": str, "examples": {str: int}},
    "left_out": [str],
    "bundle?": str,
    "weights_sha256?": str,
    "parameters?": int,
    "epochs_done?": int,
    "minutes?": NUMBER,
    "below_floor?": str,
    "doubts?": [str],
}
PACKAGES = (
    "keras-task-pipelines",
    "tensorflow",
    "keras",
    "keras-hub",
    "tensorflow-datasets",
    "ai-edge-litert",
    "numpy",
    "pillow",
)


@dataclass(frozen=True)
class SetUp:
    """What a training begins with.

    read: what the user named: Data as it was read, or another Source. left_out: names of
    examples that are not used, as the audit calls them bad. why:
    the reason for the method, if the user named none. found: settings that follow from the data.
    """

    method: Method
    config: Config
    read: Any
    source: Source
    audited: Audit
    left_out: list[str]
    why: str = ""
    found: Mapping = field(default_factory=dict)


def set_up(name: str, data: Any, given: Mapping) -> SetUp:
    """The method that `name` means for this data, its resolved settings, and its source.

    name: of a task or a method. A learning_rate that is yet to be found is the default one here.
    Raises PipelineError for a name or setting that will not do, Refused for data with errors.
    """
    method, config, data, why = configured(name, data, given)
    service.check(config.data_service)
    own = method.source(data, config)
    if own is not None:
        return _of_source(method, own, config, why)
    read = source.read(data or catalog.bundled(method.data), config.format, method, config)
    used, audited, left_out = source.usable(read, config.on_bad_data, method)
    asked, config = config.as_dict(), resolved(method, config, used, audited)
    method = method.for_target(config)
    found = {name: value for name, value in config.as_dict().items() if value != asked[name]}
    made = source.DataSet(used, method, config)
    return SetUp(method, config, read, made, audited, left_out, why, found)


def audit_of(own: Source, method: Method, config: Config) -> Audit:
    """The audit of a source that is no data set."""
    return Audit(own.audit(method, config), dict(own.parts()))


def configured(name: str, data: Any, given: Mapping) -> tuple[Method, Config, Any, str]:
    """(method, its settings, data, why), before anything follows from the data; see `chosen`."""
    own = {k: v for k, v in given.items() if (k, v) != ("learning_rate", "find")}
    data = source.held(data, catalog.task(name), _listed(given.get("labels", ())))
    method, data, why = chosen(name, data, own)
    own.pop("method", None)
    return method, method.Config().replace(**own), data, why


def _listed(labels: Any) -> list[str]:
    """The setting `labels` before it is checked: a list, or text with commas."""
    return labels.split(",") if isinstance(labels, str) else list(labels)


def _of_source(method: Method, own: Source, config: Config, why: str) -> SetUp:
    audited = audit_of(own, method, config)
    errors = [p for p in audited.problems if p.severity == "error"]
    if errors:
        raise Refused(f"{errors[0].where}: {errors[0].message}")
    config = method.resolve(config, audited)
    config = config.having(method.learn(own, config))
    return SetUp(method, config, own, own, audited, [], why)


def chosen(name: str, data: Any, given: Mapping) -> tuple[Method, Any, str]:
    """(method, data, why) of what a user typed; data may have been read on the way.

    given: settings, of which `method` names one as well.
    """
    task, method = catalog.split(name)
    wanted = given.get("method", "")
    if method and wanted not in ("", method):
        raise PipelineError(f"{name} names the method {method}, and the settings {wanted}.")
    known = [entry.name for entry in catalog.tasks()[task].methods]
    named = method or wanted
    if named or len(known) == 1:
        return catalog.method(named or known[0], task), data, ""
    data = _read(catalog.task(task), data, given)
    best, why = catalog.task(task).default(data, given)
    order = dict.fromkeys([best or known[0], *known])
    taken = _first_fitting([catalog.method(own, task) for own in order], given)
    return taken, data, why if taken.name == best else ""


def _first_fitting(methods: Sequence[Method], given: Mapping) -> Method:
    """The first method that has all settings of those given, or else the first one."""
    fitting = (method for method in methods if not _unknown(method, given))
    return next(fitting, methods[0])


def _read(problem: Method, data: Any, given: Mapping) -> Any:
    """The data that a method is chosen by, if it is a data set that has not been read."""
    if isinstance(data, Data) or problem.source(data, None) is not None:
        return data
    format = given.get("format", "auto")
    with Progress("reading the data"):
        return catalog.load(
            str(data or catalog.bundled(problem.data)), format, problem.target or None
        )


def _unknown(method: Method, given: Mapping) -> set[str]:
    return set(given) - {field.name for field in settings(method.Config)}


def resolved(method: Method, config: Config, data: Data, audited: Audit) -> Config:
    """`config` with what follows from the data: labels, steps, and what the method takes from
    it."""
    feature = source.feature(data, method)
    if not config.labels and data.labels:
        config = config.replace(labels=data.labels[feature])
    config = method.resolve(config, audited)
    with Progress("looking at the training examples"):
        return _learned(method, config, data, audited)


def _learned(method: Method, config: Config, data: Data, audited: Audit) -> Config:
    """`config` with what the method learns from the training examples, and its steps."""
    feature = source.feature(data, method)
    train = source.relabelled(data, data.splits["train"], config.labels, feature)
    found = dict(method.learn(train, config))
    if audited.grey_ranges:
        found[RANGES] = audited.grey_ranges
    if found:
        config = config.having(found)
    if not config.steps_per_epoch or not config.batch_size:
        count = max(1, len(method.expand(data.splits["train"], config)))
        config = config.replace(batch_size=config.batch_size or count)
        steps = config.steps_per_epoch or -(-count // config.batch_size)
        config = config.replace(steps_per_epoch=steps)
    return config


def start(
    name: str, data: Any, path: Path | str | None, given: Mapping, brought: Own = own.NOTHING
) -> tuple[Path, Data | Source]:
    """The folder of a new run, ready to train, and its data, or what else it learns from.

    learning_rate may be "find": then a range test sets it. brought: what the user has in place of
    the method's model, loss and metrics. Raises PipelineError for a setting,
    task, data set or folder that will not do, Refused for data with errors.
    """
    if path is not None:
        path = processes.folder(path)
        absent(path)
    if "start_from" in given:
        given = {**given, "start_from": os.fspath(given["start_from"])}
    given = own.asked(brought, name, given) if brought.given else given
    made = set_up(name, data, given)
    method, config = made.method, made.config
    if brought.given:
        method = own.checked(brought, method, config, made.source)
        made = dataclasses.replace(made, method=method)
    path = path or processes.folder(_free(method, getattr(made.read, "source", data)))
    devices.check(config)
    with Progress("building the net"):
        (model, started), curve = _begun(method, config), None
    if given.get("learning_rate") == "find":
        rate, curve = learning_rate.find(model, method, config, made.source)
        config = config.replace(learning_rate=rate)
    if config.minutes:
        limit = config.epochs if "epochs" in given else None
        config = config.lasting(budget.epochs(method, config, made.source, limit))
    sweep_beside(path)
    with appearing(path) as part:
        part.mkdir()
        _describe(part, made, config, started, named(data, made.read))
        if curve and brought.model is not None:
            model = method.model(config)  # the range test has trained the other one
        own.write(brought, part, model)
        if curve:
            write_json(part / "learning_rate.json", curve)
        if isinstance(made.source, source.DataSet):
            kept.write_run(part, made.source.data)
        if started:
            start_weights.write(part, started)
    print(summary.text(made, config, model, path, started), flush=True)
    is_data = isinstance(made.source, source.DataSet)
    return path, made.source.data if is_data else made.source


def _begun(method: Method, config: Config) -> tuple[Any, start_weights.Start | None]:
    """A model and its first phase: what cannot be built is found before a folder is made."""
    model, started = method.model(config), None
    if config.start_from:
        started = start_weights.find(config.start_from, model)
        start_weights.give(model, started.taken)
    first = fit.phases(method, config)[0]
    if first.begin:
        first.begin(model)
    return model, started


def named(data: Any, read: Any) -> str:
    """What data is called, so that it is found again. data: as a user named it; read: as it was
    read."""
    is_spec = isinstance(data, str) and ":" in data
    return data if is_spec else str(getattr(read, "source", ""))


def _describe(folder: Path, made: SetUp, config: Config, started: Any, data: str) -> None:
    """All files of a run that has not begun."""
    method, read = made.method, made.read
    head = {"task": method.task, "method": method.name, "data": data}
    write_yaml(folder / "config.yaml", {**head, **config.as_dict()})
    learned.write(folder / learned.FOLDER, config.learned)
    write_json(folder / "environment.json", environment())
    write_json(folder / "audit.json", made.audited.as_dict())
    info = {
        "format": FORMAT,
        "task": method.task,
        "method": method.name,
        "status": "running",
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "data": {
            "format": getattr(read, "format", ""),
            "fingerprint": made.source.fingerprint(),
            "examples": dict(made.source.parts()),
        },
        "left_out": made.left_out,
    }
    if started:
        info["start_from"] = started.facts()
    write_json(folder / "run.json", info)


def environment() -> dict:
    """Versions and machine, for the record."""
    versions = {}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "backend": keras.backend.backend(),
        **versions,
    }


def absent(path: Path) -> None:
    """Raises PipelineError if there is something at the path of a new run."""
    if path.exists():
        raise PipelineError(
            f"{path} exists already. Name another folder with --run, or go on with it:"
            f" `{resuming(path)}`."
        )


def _free(method: Method, data: Any) -> Path:
    stem = str(data or method.data).rstrip("/").split("/")[-1].replace(":", "_")
    for i in range(1, 10_000):
        path = Path("runs") / f"{method.task}-{method.name}-{stem}-{i:03d}"
        if not path.exists():
            return path
    raise PipelineError("runs/ is full of runs of this name. Name a folder with --run.")
