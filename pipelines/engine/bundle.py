"""A bundle: exported files with their proof; what is done with them on any machine."""

from pathlib import Path

import numpy as np

from pipelines import catalog
from pipelines.engine.data import learned, source
from pipelines.engine.proof import evaluate, proof
from pipelines.errors import PipelineError, nearest
from pipelines.files import read_json, sha256


class Bundle:
    """An exported model. Raises PipelineError where the folder is not a bundle."""

    def __init__(self, path):
        self.path = Path(path)
        self.manifest = read_json(self.path / "manifest.json")
        try:
            self.task_name = self.manifest["task"]
            self.task = catalog.task(self.task_name)
            config = self.task.Config().replace(**self.manifest["config"])
            self.config = config.having(learned.read(self.path / learned.FOLDER))
            self.files = self.manifest["files"]
        except (KeyError, TypeError) as error:
            raise PipelineError(
                f"{self.path / 'manifest.json'} lacks {error}. Export the run again."
            ) from error

    def __repr__(self):
        return f"Bundle({str(self.path)!r})"

    def kind(self, format=None):
        """A file of this bundle by its format's name; float32, or else the first there is, by default."""
        format = format or ("float32" if "float32" in self.files else next(iter(self.files)))
        if format not in self.files:
            raise PipelineError(
                f"{self.path} has no format {format!r}. {nearest(format, self.files)}"
            )
        return format

    def intact(self):
        """Names of the files that are missing or differ from what was proven."""
        wanted = {r["path"]: r["sha256"] for r in self.files.values()} | self.manifest["sha256"]
        return [
            n
            for n, digest in wanted.items()
            if not (self.path / n).exists() or sha256(self.path / n) != digest
        ]

    def _own(self, kind):
        """Raises PipelineError where the file, or a list that the model learned, is not what was proven."""
        wanted = {self.files[kind]["path"]: self.files[kind]["sha256"]}
        wanted |= {
            n: d
            for n, d in self.manifest["sha256"].items()
            if Path(n).parent.name == learned.FOLDER
        }
        for name, digest in wanted.items():
            file = self.path / name
            if not (file.exists() and sha256(file) == digest):
                raise PipelineError(
                    f"{file} does not belong to this model: its SHA-256 differs. Export the run"
                    " again."
                )

    def evaluate(self, split="test", data=None, format=None):
        """The task's metrics of one file on one split -> {name: value, "per_class": ...}."""
        kind = self.kind(format)
        self._own(kind)
        part = source.split(self.data(data), split, self.task, self.config)
        try:
            run = proof.predictor(self.path, kind)
        except ValueError as error:
            raise PipelineError(str(error)) from error
        result = evaluate.score(
            run, part, self.task, self.config, title=f"evaluate {proof.KINDS[kind]}"
        )
        return {"split": split, "format": kind, "examples": len(part), **result}

    def data(self, data=None):
        """The data of the proof, or other data, as the task takes it."""
        where, format = (
            (data, "auto") if data else (self.manifest["proof"]["data"], self.config.format)
        )
        return source.read(where, format, self.task, self.config)

    def predict(self, inputs, out=None, format=None):
        """One answer a file of `inputs`; JSON and pictures go to the folder `out`."""
        from pipelines.engine.serving import predict

        self._own(self.kind(format))
        return predict.bundle(self, inputs, out, format)

    def verify(self, data=None):
        """The proof again -> {"passed", "failures", ...}: checksums, golden examples, metrics where the data is."""
        from pipelines.engine.proof import verify

        return verify.verify(self, data)

    def benchmark(self):
        """Latency, size and memory of each file: plain values."""
        from pipelines.engine import benchmark

        return benchmark.bundle(self)

    def report(self):
        """Writes report.html -> its path."""
        from pipelines.engine.report import report

        return report.write_bundle(self)

    def golden(self):
        """(inputs, outputs) of the held-out examples that came with the bundle."""
        with np.load(self.path / "golden.npz", allow_pickle=False) as file:

            def part(p):
                return {k[len(p) :]: file[k] for k in file.files if k.startswith(p)}

            return part("in/"), part("out/")
