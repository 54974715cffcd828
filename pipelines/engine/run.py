"""A run: one training and its folder, from data to weights; everything else starts from it."""

import contextlib
import functools
import importlib.metadata
import os
import platform
import time
from pathlib import Path

import keras

from pipelines import catalog
from pipelines.engine.audit import audit
from pipelines.engine.data import learned, source
from pipelines.engine.data import service as data_service
from pipelines.engine.parallel import devices, processes
from pipelines.engine.proof import evaluate
from pipelines.engine.training import fit as train
from pipelines.engine.training import learning_rate, references
from pipelines.errors import PipelineError
from pipelines.files import appearing, read_json, read_yaml, write_bytes, write_json, write_yaml

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


class Run:
    """One training. Made by `start`, gone on with by `resume`, opened by `Run(path)`.

    Raises PipelineError where the folder is not a run.
    """

    def __init__(self, path, data=None):
        self.path = Path(path)
        if not (self.path / "run.json").is_file():
            raise PipelineError(
                f"{path} is not a run: it has no run.json. `pipelines train` makes one."
            )
        self.info = read_json(self.path / "run.json")
        values = read_yaml(self.path / "config.yaml")
        self.task_name, self.source = values.pop("task"), values.pop("data")
        self.task = catalog.task(self.task_name)
        self.config = (
            self.task.Config().replace(**values).having(learned.read(self.path / learned.FOLDER))
        )
        self._given = data

    def __repr__(self):
        return f"Run({str(self.path)!r})"

    def evaluate(self, split="test", data=None):
        """The task's metrics on one split, of the run's data or of other data: {name: value, "per_class": ...}."""
        part = self.split(split, data)
        result, worst = evaluate.evaluate(
            self.model, part, self.task, self.config, f"evaluate {split}"
        )
        result = {"split": split, **result}
        if beside := references.scores(self, part):
            result["references"] = beside
        if data is None:
            self._keep(split, result, worst)
        return result

    def predict(self, inputs, out=None):
        """One answer a file of `inputs`; JSON and pictures go to the folder `out`."""
        from pipelines.engine.serving import predict

        return predict.run(self, inputs, out)

    def export(self, out=None, formats=None, max_drop=0.01, target_size=None, **more):
        """Exports and proves a bundle -> Bundle, or a list of them where the task has several.

        See `engine.export`. Raises Refused where a file fails its proof.
        """
        from pipelines.engine.export import export

        return export.export(self, out, formats, max_drop, target_size, **more)

    def benchmark(self):
        """Throughput of training and of its input, latency and memory of the model: plain values."""
        from pipelines.engine import benchmark

        return benchmark.run(self)

    def report(self):
        """Writes report.html -> its path."""
        from pipelines.engine.report import report

        return report.write_run(self)

    @functools.cached_property
    def model(self):
        """The trained Keras model, compiled, in float32; its file is read in safe mode: nothing in it is executed."""
        if not self.model_file.is_file():
            raise PipelineError(
                f"{self.path} has no model yet. `pipelines train --resume {self.path}` finishes it."
            )
        model = self.task.model(self.config)
        try:
            loaded = keras.saving.load_model(self.model_file, compile=False, safe_mode=True)
            model.set_weights(loaded.get_weights())
        except (ValueError, TypeError, OSError, KeyError) as error:
            reason = str(error).strip().splitlines()[0]
            raise PipelineError(
                f"{self.model_file} cannot be loaded safely: {reason} Train it again."
            ) from error
        return model

    @property
    def model_file(self):
        return self.path / "model.keras"

    @functools.cached_property
    def data(self):
        """The run's data as training used it: what the audit left out stays out."""
        read = source.read(self._given or self.source, self.config.format, self.task, self.config)
        data = audit.without(read, set(self.info["left_out"]))
        if data.fingerprint() != self.info["data"]["fingerprint"]:
            raise PipelineError(
                f"{self.source} has changed since {self.path} began: it cannot go on as if it had"
                " not. Start a new run."
            )
        return data

    def split(self, name, data=None):
        data = self.data if data is None else source.read(data, "auto", self.task, self.config)
        return source.split(data, name, self.task, self.config)

    def exported(self, bundle):
        """Notes where the newest bundle lies, for the report."""
        self.info["bundle"] = os.path.relpath(bundle, self.path)
        write_json(self.path / "run.json", self.info)

    def finished(self):
        return self.info["status"] == "finished"

    def train(self):
        """Trains to the end, from the last checkpoint where there is one."""
        began = time.perf_counter()
        processes.agree("settings", str(self.config.as_dict()))
        processes.agree("the contents of the data", self.info["data"]["fingerprint"])
        data_service.check(self.config.data_service)
        with precision(self.config.precision), devices.shared(self.config):
            keras.utils.set_random_seed(self.config.seed)
            model = self.task.model(self.config)
            history = train.fit(
                model,
                self.task,
                self.config,
                self.split("train"),
                self.split("validation"),
                self.path,
            )
            with appearing(self.model_file) as part:
                model.save(part, include_optimizer=False)
        minutes = self.info.get("minutes", 0) + (time.perf_counter() - began) / 60
        references.train(self)
        self.info |= {
            "status": "finished",
            "weights_sha256": train.weights_sha256(model),
            "parameters": model.count_params(),
            "epochs_done": len(history),
            "minutes": minutes,
        }
        write_json(self.path / "run.json", self.info)
        return self

    def _keep(self, split, result, worst):
        """The evaluation and its worst examples as pictures, for the report."""
        folder = self.path / "evaluations" / split
        rows = []
        for i, example in enumerate(worst):
            drawn = self.task.draw(
                example["inputs"], example["decoded"], self.config, example["targets"]
            )
            row = {"name": example["name"], "loss": example["loss"]}
            if isinstance(drawn, str):
                row |= {"text": drawn, "rows": getattr(drawn, "rows", None)}
            else:
                from pipelines import canvas

                row["picture"] = f"{i:02d}.png"
                write_bytes(folder / row["picture"], canvas.png(drawn))
            rows.append(row)
        write_json(folder / "result.json", {"result": result, "worst": rows})


def start(task_name, data, path, settings):
    """A new Run, ready to train: data read and audited, settings resolved, folder made.

    learning_rate may be "find": then a range test sets it. Raises PipelineError for a setting,
    task, data set or folder that will not do, Refused for data with errors.
    """
    path = processes.folder(path or _free(task_name, data or catalog.task(task_name).DATA))
    if path.exists():
        raise PipelineError(
            f"{path} exists already. Name another folder with --run, or go on with it: --resume"
            f" {path}."
        )
    is_found = settings.get("learning_rate") == "find"
    task, config, read, used, audited, left_out = set_up(task_name, data, settings)
    devices.check(config)
    stages = train.phases(task, config)
    model, curve = (
        task.model(config),
        None,
    )  # what cannot be built or begun is found before a folder is made
    if stages[0].begin:
        stages[0].begin(model)
    if is_found:
        parts = [source.split(used, name, task, config) for name in ("train", "validation")]
        rate, curve = learning_rate.find(model, task, config, *parts)
        config = config.replace(learning_rate=rate)
    with appearing(path) as part:
        part.mkdir()
        spec = data if isinstance(data, str) and ":" in data else read.source
        write_yaml(part / "config.yaml", {"task": task_name, "data": str(spec), **config.as_dict()})
        learned.write(part / learned.FOLDER, config.learned)
        write_json(part / "environment.json", environment())
        write_json(part / "audit.json", audited.as_dict())
        if curve:
            write_json(part / "learning_rate.json", curve)
        counts = {name: len(examples) for name, examples in used.splits.items()}
        write_json(
            part / "run.json",
            {
                "task": task_name,
                "status": "running",
                "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
                "data": {
                    "format": read.format,
                    "fingerprint": used.fingerprint(),
                    "examples": counts,
                },
                "left_out": left_out,
            },
        )
    return Run(path, used)


def set_up(task_name, data, settings):
    """What a training begins with: (task, resolved config, data as read, data to use, its audit,
    names left out).

    A learning_rate that is yet to be found is the default one here.
    """
    task = catalog.task(task_name)
    config = task.Config().replace(
        **{k: v for k, v in settings.items() if (k, v) != ("learning_rate", "find")}
    )
    data_service.check(config.data_service)
    read = source.read(data or task.DATA, config.format, task, config)
    used, audited, left_out = source.usable(
        read, config.on_bad_data, source.feature(read, task), source.unlabelled(task)
    )
    return task, resolved(task, config, used, audited), read, used, audited, left_out


def try_out(task_name, data, audited):
    """Parses one example as the task does. Raises PipelineError where the data has not got what it needs."""
    task = catalog.task(task_name)
    usable = audit.without(data, audited.bad)
    if len(usable.splits.get("train", ())):
        config = resolved(task, task.Config(), usable, audited)
        source.split(usable, "train", task, config).sample(1)


def resolved(task, config, data, audited):
    """`config` with what follows from the data: labels, steps, and what the task itself takes from it."""
    if not config.labels and data.labels:
        config = config.replace(labels=data.labels[source.feature(data, task)])
    if hasattr(task, "resolve"):
        config = task.resolve(config, audited)
    if hasattr(task, "learn"):
        train = source.relabelled(
            data, data.splits["train"], config.labels, source.feature(data, task)
        )
        config = config.having(task.learn(train, config))
    if not config.steps_per_epoch:
        examples = source.expanded(data.splits["train"], task, config)
        config = config.replace(steps_per_epoch=-(-len(examples) // config.batch_size))
    return config


def environment():
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


def _free(task_name, data):
    stem = getattr(data, "source", str(data)).rstrip("/").split("/")[-1].replace(":", "_")
    for i in range(1, 10_000):
        path = Path("runs") / f"{task_name}-{stem}-{i:03d}"
        if not path.exists():
            return path
    raise PipelineError("runs/ is full of runs of this name. Name a folder with --run.")


@contextlib.contextmanager
def precision(name):
    """Within it, models are made with the arithmetic `name`, a Keras dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
