"""A bundle: exported files with their proof; what is done with them on any machine."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from pipelines import catalog
from pipelines.engine import benchmark
from pipelines.engine.data import kept, learned, source
from pipelines.engine.proof import doubts, evaluate, proof, seal, signing, trial, verify, whole
from pipelines.engine.report import glance, report
from pipelines.engine.serving import predict
from pipelines.errors import PipelineError, nearest
from pipelines.records import Recorded, checked, read_arrays, read_yaml
from pipelines.shapes import NUMBER
from pipelines.task import Part


class Bundle:
    """An exported model. Raises PipelineError if the folder is not a bundle, or of an earlier
    version."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self.manifest = seal.read(self.path)
        self.task_name = self.manifest["task"]
        self.method = catalog.method(self.manifest["method"], self.task_name)
        self.files = self.manifest["files"]
        self._labels = self.manifest["labels"]
        self.method = self.method.for_target(self.config)
        name = self.method.scores[0].name
        checked(self.path / seal.MANIFEST, self.manifest, {"reference": {name: NUMBER}})

    def __repr__(self) -> str:
        return f"Bundle({str(self.path)!r})"

    def __fspath__(self) -> str:
        return str(self.path)

    @functools.cached_property
    def config(self) -> Any:
        """The settings with which the files are judged."""
        values = read_yaml(self.path / "config.yaml")
        known = {name: v for name, v in values.items() if name not in ("task", "method")}
        config = self.method.Config().replace(**{"labels": self._labels, **known})
        return config.having(learned.read(self.path / learned.FOLDER))

    def kind(self, file: str | None = None) -> str:
        """The kind of a file of this bundle, which is its name; float32, or else the first, by
        default."""
        default = "float32" if "float32" in self.files else next(iter(self.files))
        file = file or default
        if file not in self.files:
            raise PipelineError(f"{self.path} has no file {file!r}. {nearest(file, self.files)}")
        return file

    def broken(self) -> list[str]:
        """What is not as it was proven, a line each: files that differ, lack or were added."""
        return seal.broken(self.path, self.manifest)

    def evaluate(
        self,
        split: str = "test",
        data: Any = None,
        file: str | None = None,
        format: str = "auto",
    ) -> dict:
        """The scores of one file on one split -> {name: value, "per_class": ...}.

        data: the data of the proof if None. file: which one, such as int8. format: of the data.
        """
        kind = self.kind(file)
        seal.require(self.path, self.manifest, kind)
        part = self.split(split, data, format)
        try:
            if proof.KINDS[kind].endswith(".tflite"):
                trial.refuse_fatal([self.path / proof.KINDS[kind]])
            run = proof.predictor(self.path, kind, self.method)
        except ValueError as error:
            raise PipelineError(str(error)) from error
        answer = proof.answering(run, self.method, self.config)
        title = f"evaluating {proof.KINDS[kind]}"
        result = evaluate.score(answer, part, self.method, self.config, title=title)
        count = whole.count(part, self.method, self.config)
        result = {"split": split, "file": kind, "examples": count, **result}
        return result | doubts.of_result(part, result, self.method, self.config)

    def split(self, name: str, data: Any = None, format: str = "auto") -> Part:
        """A split of the data of the proof, or of other data, as the method takes it."""
        proof = self.manifest["proof"]
        if data is None and not proof["named"]:
            raise PipelineError(
                f"{proof['data']}, the data of {self.path}, was on the machine that made it. Name"
                " the data with --data, or data= in Python."
            )
        where = Recorded(catalog.bundled(proof["data"])) if data is None else data
        left_out = proof.get("left_out", ())
        wanted = kept.of_bundle(self.path) if name == proof["split"] else ()
        return source.part(where, name, format, self.method, self.config, left_out, wanted)

    def predict(
        self,
        inputs: Any = (),
        out: Path | str | None = None,
        file: str | None = None,
        pictures: bool = False,
        seconds: float = 1.0,
        **options: Any,
    ) -> list[dict]:
        """One answer of a file of the bundle for each input; file: which one. See `Run.predict`."""
        kind = self.kind(file)
        seal.require(self.path, self.manifest, kind)
        return predict.bundle(self, inputs, out, kind, pictures, seconds, options)

    def verify(self, data: Any = None, format: str = "auto", key: Path | str | None = None) -> dict:
        """The proof again -> {"passed", "failures", ...}: checksums, golden examples, scores.

        data: where the held-out data lies on this machine; format: what it is. key: a public key
        of minisign's, a file or its line, which must have signed the bundle.
        """
        return verify.verify(self, data, format, key)

    def sign(self, key: Path | str) -> Path:
        """Signs manifest.json with a secret key of minisign's -> path of the signature.

        Whatever changes the manifest later, such as `report`, makes the signature void.
        """
        return signing.sign(self.path, key)

    def benchmark(self) -> dict:
        """Latency, size and memory of each file: plain values."""
        return benchmark.bundle(self)

    def report(self) -> Path:
        """Writes report.html -> its path."""
        path = report.write_bundle(self)
        self.manifest = seal.read(self.path)  # it has a checksum of the report
        return path

    def _repr_html_(self) -> str:
        return glance.bundle_html(self)

    @property
    def labels(self) -> list[str]:
        """The class names in the order of their ids."""
        return list(self._labels)

    def golden(self) -> tuple[dict, dict]:
        """(inputs, outputs) of the held-out examples that came with the bundle."""
        found: dict[str, dict] = {"in": {}, "out": {}}
        path = self.path / "golden.npz"
        for key, values in read_arrays(path).items():
            side, _, name = key.partition("/")
            if side not in found:
                raise PipelineError(f"{path} holds {key!r}, which is no example. Export again.")
            found[side][name] = values
        return found["in"], found["out"]
