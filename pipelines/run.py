"""A run: one training and its folder; everything else starts from it."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from pipelines import canvas, catalog
from pipelines.bundle import Bundle
from pipelines.engine import benchmark
from pipelines.engine.audit import audit
from pipelines.engine.data import kept, learned, source
from pipelines.engine.export import export
from pipelines.engine.proof import doubts, evaluate, minisign
from pipelines.engine.report import glance, report, sheet
from pipelines.engine.serving import predict
from pipelines.engine.training import own, references, running, setup, unfinished, weights
from pipelines.errors import PipelineError
from pipelines.files import write_bytes, write_json
from pipelines.formats.examples import Data
from pipelines.formats.memory import reading
from pipelines.progress import Progress
from pipelines.records import Recorded, checked, read_json, read_yaml
from pipelines.shapes import ANY
from pipelines.task import Part, Source


class Run:
    """One training, in a folder of its own. Made by `start`, opened by `Run(path)`.

    `method` and `config` are what it trains, `info` what run.json says. Raises PipelineError if the
    folder is not a run, or one of an earlier version. given: the data that it learns from, if that
    was held in memory, or has been read already.
    """

    def __init__(self, path: Path | str, given: Any = None):
        self.path = Path(path)
        if not (self.path / "run.json").is_file():
            raise PipelineError(
                f"{path} is not a run: it has no run.json. `pipelines train` makes one."
            )
        file = self.path / "run.json"
        self.info = read_json(file, {"format?": ANY})
        if self.info.get("format") != setup.FORMAT:
            raise PipelineError(
                f"{path} was made by an earlier version of this package, which knew no methods."
                " Train it again."
            )
        checked(file, self.info, setup.INFO)
        file = self.path / "config.yaml"
        values = checked(file, read_yaml(file), {"task": str, "method": str, "data": str})
        self.task_name, method = values.pop("task"), values.pop("method")
        self.data_name = values.pop("data")
        self.method = own.of_run(self.path, catalog.method(method, self.task_name))
        config = self.method.Config().replace(**values)
        self.config = config.having(learned.read(self.path / learned.FOLDER))
        self.method = self.method.for_target(self.config)
        self._given = given

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def __fspath__(self) -> str:
        return str(self.path)

    def evaluate(self, split: str = "test", data: Any = None, format: str = "auto") -> dict:
        """The scores on one split, of the run's data or of other data.

        {name: value, "per_class": {label: {name: value}}, "floor": value}. format: of other data.
        """
        part = self.split(split, data, format)
        result, worst = evaluate.evaluate(
            self.model, part, self.method, self.config, f"evaluating {split}"
        )
        judged = doubts.of_result(part, result, self.method, self.config)
        reasons = evaluate.explained(self.model, part, self.method, self.config)
        curves = {**result.get("curves", {}), **reasons.pop("curves", {})}
        result = {"split": split, **result, **judged, **reasons}
        if curves:
            result["curves"] = curves
        beside = references.scores(self, part)
        if beside:
            result["references"] = beside
        if data is None:
            self._keep(split, result, worst)
        return result

    def predict(
        self,
        inputs: Any = (),
        out: Path | str | None = None,
        pictures: bool = False,
        seconds: float = 1.0,
        **options: Any,
    ) -> list[dict]:
        """One answer for each input, a dict that prints as a line; one that cannot be used has
        "error".

        inputs: files, folders, patterns, http(s) addresses, videos, arrays, Pillow pictures or
        texts, one or a list; see `engine.serving.inputs.several`. out: a folder for the answers as
        JSON and pictures. pictures: whether to keep `.pictures` of each. seconds: between two
        frames of a video; 0 takes every frame. options: of the task, such as `length` of a language
        model, or `count` of one that makes pictures, which needs no input. Raises PipelineError if
        no input can be used.
        """
        return predict.run(self, inputs, out, pictures, seconds, options)

    def export(
        self,
        out: Path | str | None = None,
        files: list[str] | None = None,
        max_drop: float | None = None,
        target_size: int | str | None = None,
        data: Any = None,
        sign: Path | str | None = None,
        **more: Any,
    ) -> Bundle:
        """Exports and proves a bundle; see `engine.export.export`.

        data: where the run's data lies now, if that is elsewhere. sign: a secret key of minisign's
        that signs the bundle.
        Raises Refused if a file fails its proof, or the model is not as good as was asked for.
        """
        if sign is not None:
            minisign.ready(sign)
        run = self if data is None else type(self)(self.path, data)
        files = more.pop("formats", files)  # as they were called
        path = export.export(run, out, files, max_drop, target_size, **more)
        self.info["bundle"] = os.path.relpath(path, self.path)
        write_json(self.path / "run.json", self.info)
        with Progress("writing the report"):
            report.write_bundle(Bundle(path), self)
        if sign is not None:
            Bundle(path).sign(sign)
        return Bundle(path)  # as it is sealed, with its report

    @property
    def history(self) -> dict[str, list]:
        """{"epoch": [1, 2, ...], "loss": [...], ...}, a value an epoch, as Keras's History has
        it."""
        return glance.history(self)

    @property
    def labels(self) -> list[str]:
        """The class names in the order of their ids."""
        return list(self.config.labels)

    def summary(self) -> str:
        """What there is to know of the run, a line each; a console shows it as it is."""
        return glance.text(f"run {self.path.name}", glance.of_run(self))

    def plot(self) -> glance.Charts:
        """The learning curves, in RUN/history.html; a notebook shows them."""
        return glance.charts(self)

    def show(self, batch: str = "train", count: int = 16) -> sheet.Sheet:
        """Examples with what is true of them, in a file of RUN/shown/; a notebook shows them.

        batch: the split; examples of "train" are augmented, as the net sees them. Works before
        training, too. Raises PipelineError if there is no such split.
        """
        return sheet.sheet(self, batch, count)

    def _repr_html_(self) -> str:
        return glance.run_html(self)

    def benchmark(self) -> dict:
        """Throughput of training and of its input, latency and memory of the model."""
        return benchmark.run(self)

    def report(self) -> Path:
        """Writes report.html, with the newest bundle's files if there is one -> its path."""
        path = self.path / self.info.get("bundle", ".")
        bundle = Bundle(path) if (path / "manifest.json").is_file() else None
        with Progress("writing the report"):
            return report.write_run(self, bundle)

    @functools.cached_property
    def model(self) -> keras.Model:
        """The trained model, compiled, in float32; nothing in its file is executed.

        Of a run that was stopped, the model of its best epoch so far; that is said.
        """
        with Progress("loading the model"):
            model = self.method.model(self.config)
            if self.model_file.is_file():
                return weights.read(self.path, model)
            return unfinished.read(self.path, model, self.config)

    @property
    def model_file(self) -> Path:
        """The file of the trained model."""
        return weights.file(self.path)

    @functools.cached_property
    def source(self) -> Source:
        """What the run learns from, as training used it: what was left out stays out."""
        if not self._is_same:
            raise PipelineError(
                f"The data of {self.path}, {self.data_name}, has changed since the run started, so"
                " it cannot be resumed. Start a new run; evaluate and export still judge the"
                " examples that were held out."
            )
        return self._found

    @functools.cached_property
    def _found(self) -> Source:
        """The run's data as it is now."""
        held = self._given if isinstance(self._given, (Data, Source)) else self._read()
        return self._fed(held)

    @functools.cached_property
    def _is_same(self) -> bool:
        with Progress("checking that the data is the same"):
            return kept.same(self._found, self.info)

    def parts(self) -> Mapping[str, int]:
        """{split: examples} of the run's data, as it was when training began."""
        return self.info["data"]["examples"]

    def held_out(self, name: str) -> list[str]:
        """A digest of each example of a split that was held out from training."""
        return kept.of_run(self.path, name)

    @property
    def data(self) -> Data:
        """The data of a run that learns from a data set."""
        if not isinstance(self.source, source.DataSet):
            raise PipelineError(f"{self.path} learns from {self.data_name}, which is no data set.")
        return self.source.data

    def split(self, name: str, data: Any = None, format: str = "auto") -> Part:
        """One split of the run's data, or of other data.

        If the data has moved to `data`, or has grown, these are the examples that were held out
        when training began, as far as they are still there.
        """
        if data is None and self._is_same:
            return self._found.held_out(name)
        wanted = self.held_out(name)
        if data is None:
            if not wanted and name != "train":
                return self.source.held_out(name)
            data = self._given if self._given is not None else Recorded(self.data_name)
            format = self.config.format
        left_out = self.info["left_out"]
        return source.part(data, name, format, self.method, self.config, left_out, wanted)

    def finished(self) -> bool:
        """Whether the training has come to its end."""
        return self.info["status"] == "finished"

    def train(self, callbacks: Sequence = (), epochs: int | None = None) -> Run:
        """Trains to the end, from the last checkpoint if there is one.

        callbacks: Keras callbacks. epochs: how many more, of a run that is finished; the learning
        rate follows the schedule of the longer training. Raises Refused if another process trains
        it.
        """
        if epochs is None:
            running.train(self, callbacks)
        else:
            running.more(self, epochs, callbacks)
        return self._fresh()

    def finish(self) -> Run:
        """Ends a training that was stopped, with the weights that are kept of its epochs so far.

        Raises PipelineError if there is no checkpoint yet.
        """
        running.finish(self)
        return self._fresh()

    def set_up(self, config: Any) -> None:
        """Takes other settings; what was made by the old ones is made again."""
        self.config = config
        for name in ("source", "_found"):
            self.__dict__.pop(name, None)

    def _fresh(self) -> Run:
        """This run, which reads its model anew."""
        self.__dict__.pop("model", None)
        return self

    def _fed(self, given: Data | Source) -> Source:
        if isinstance(given, Data):
            return source.DataSet(given, self.method, self.config)
        return given

    def _read(self) -> Data | Source:
        recorded = Recorded(catalog.bundled(self.data_name))
        named = recorded if self._given is None else self._given
        own = self.method.source(named, self.config)
        if own is not None:
            return own
        if self._given is None and self.data_name.startswith(reading.PREFIX):
            raise PipelineError(
                f"{self.path} learned from data that a program held in memory. Give the same data"
                f" again: pipelines.load({str(self.path)!r}, data=...), or resume(..., data=...)."
            )
        is_path = isinstance(named, str) and Path(named).is_absolute()
        if is_path and not Path(named).exists():
            raise PipelineError(
                f"{named}, the data of {self.path}, is not there any more. Say where it lies now"
                " with --data, or data= in Python."
            )
        read = source.read(named, self.config.format, self.method, self.config)
        return audit.without(read, set(self.info["left_out"]))

    def _keep(self, split: str, result: dict, worst: list[dict]) -> None:
        """The evaluation and its worst examples as pictures, for the report."""
        folder, rows = self.path / "evaluations" / split, []
        for i, example in enumerate(worst):
            drawn = self.method.draw(
                example["inputs"], example["decoded"], self.config, example["targets"]
            )
            row = {"name": example["name"], "loss": example["loss"]}
            if isinstance(drawn, canvas.MarkedText):
                row |= {"text": str(drawn), "rows": drawn.rows}
            elif isinstance(drawn, str):
                row |= {"text": drawn, "rows": None}
            else:
                row["picture"] = f"{i:02d}.png"
                write_bytes(folder / row["picture"], canvas.png(drawn))
            rows.append(row)
        write_json(folder / "result.json", {"result": result, "worst": rows})


def start(
    name: str,
    data: Any,
    path: Path | str | None,
    settings: dict,
    brought: own.Own = own.NOTHING,
) -> Run:
    """A new Run, ready to train; see `engine.training.setup.start`."""
    return Run(*setup.start(name, data, path, settings, brought))
