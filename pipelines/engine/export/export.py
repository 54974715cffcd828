"""Export: SavedModel and TFLite files, made, checked, proven, and described in one bundle."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import entries
from pipelines.edge import latency
from pipelines.engine.export import (
    contents,
    convert,
    metadata,
    micro,
    own_file,
    saved_model,
    tflite_file,
)
from pipelines.engine.export import quantizer as recipes
from pipelines.engine.export import request as asking
from pipelines.engine.export.request import Request
from pipelines.engine.proof import doubts, evaluate, proof, seal, whole
from pipelines.errors import PipelineError, Refused
from pipelines.files import appearing, sweep_beside
from pipelines.models.fitted import Fitted
from pipelines.progress import Progress
from pipelines.task import Method, Part, Program, Score


@dataclass
class Subject:
    """The model to export: what it is judged on, by what, and what it reached."""

    run: Any
    name: str
    part: Part
    predict: Any
    reference: dict
    floor: dict  # see `engine.proof.doubts`
    programs: Mapping[str, Program] = field(default_factory=dict)
    progress: Progress | None = None  # of what is being done with it

    @property
    def method(self) -> Method:
        return self.run.method

    @property
    def config(self) -> Any:
        return self.run.config


def export(
    run: Any,
    out: Path | str | None = None,
    files: Sequence[str] | None = None,
    max_drop: float | None = None,
    target_size: int | str | None = None,
    target: str | None = None,
    ram: int | str | None = None,
    flash: int | str | None = None,
    quantizer: Sequence[str] = (),
    least: Mapping[str, float] | None = None,
    most: Mapping[str, float] | None = None,
) -> Path:
    """Run -> the folder `out` of a bundle, which appears only if every file has passed its proof.

    files: names out of saved_model, float32, float16, dynamic, int8, numpy; None is all that the
    method makes. quantizer: names out of weight_only_int8, weight_only_int4, mixed, files that
    ai-edge-quantizer makes besides. max_drop: the most that the first score may get worse, whole
    and per class; None takes the score's tolerance. target_size: bytes, or text such as "500KB";
    the bundle then has one file, the smallest that has passed its proof, and none may be larger.
    target: "micro" makes the int8 file alone, which must fit in `ram` and `flash` of a
    microcontroller, and is proven on its interpreter too if tflite-micro is installed. least, most:
    {score: value} that the model must reach, or stay at or below. Raises Refused naming file and
    class, op or layer; its `details` has all.
    """
    out = Path(out or Path("saved_models") / run.path.name)
    if out.exists():
        raise PipelineError(f"{out} exists already. Name another folder with --out.")
    request = asking.asked(files, quantizer, max_drop, target_size, target, ram, flash)
    limits = asking.limits(run.method, least or {}, most or {})
    unsupported = run.method.unsupported(run.config)
    kinds = asking.kinds(request.kinds, unsupported, run.method)
    kinds += asking.quantised(request.recipes, kinds)
    subject = _subject(run)
    _good_enough(subject, limits)
    sweep_beside(out)
    with appearing(out) as folder:
        folder.mkdir()
        made, failures = _made(folder, subject, kinds, request)
        if request.target_size:
            made, failures = _smallest(folder, made, request.target_size, failures)
        if failures:
            advice = _advice(made, request)
            failed = Refused(f"export failed: {'; '.join(failures).rstrip('.')}. {advice}")
            failed.details = {"files": made, "reference": subject.reference}
            raise failed
        if "saved_model" not in made:
            shutil.rmtree(folder / "saved_model", ignore_errors=True)
        with Progress("writing the bundle"):
            extra = _own_files(folder, subject, made, request)
            facts = {"files": made, "extra": extra, "unsupported": dict(unsupported)}
            contents.write(folder, subject, facts, run.method.scores[0].limit(request.max_drop))
    return out


def held_out(run: Any) -> tuple[str, Part]:
    """(name, part) of the first that has examples among test and validation."""
    for name in ("test", "validation"):
        if run.parts().get(name):
            return name, run.split(name)
    raise PipelineError(
        f"{run.data_name} has neither test nor validation examples: no file can be proven. Add a"
        " test split."
    )


def summary(run: Any) -> str:
    """What the run's method does, in one line."""
    method = run.method
    return f"{method.task}/{method.name}: {entries.first_paragraph(type(method).__doc__)}"


def _good_enough(subject: Subject, limits: list[tuple[Score, float]]) -> None:
    """Raises Refused if the Keras model is not as good as was asked for."""
    for score, limit in limits:
        value = subject.reference.get(score.name, float("nan"))
        if not score.reaches(value, limit):
            word = "at least" if score.better == "higher" else "at most"
            count = whole.count(subject.part, subject.method, subject.config)
            raise Refused(
                f"export refused: {score.name} is {value:.4f} on {count}"
                f" {subject.name} examples, and it has to be {word} {limit:g}. Train a better model"
                " first."
            )


def _subject(run: Any) -> Subject:
    method, config = run.method, run.config
    name, part = held_out(run)
    # By its programs, as files are asked: what passes between two of them is rounded alike.
    predict = proof.answering(evaluate.Programs(run.model, method, config), method, config)
    reference = evaluate.score(predict, part, method, config, title="judging the trained model")
    judged = doubts.of_result(part, reference, method, config)
    reference = {k: v for k, v in reference.items() if k not in ("matrices", "curves")}
    return Subject(run, name, part, predict, reference, judged)


def _made(
    folder: Path, subject: Subject, kinds: list[str], request: Request
) -> tuple[dict, list[str]]:
    """({kind: record}, reasons of those that failed); the files lie in `folder`."""
    if isinstance(subject.run.model, Fitted):
        made = {proof.NUMPY: _arrays(folder, subject)}
    else:
        made = _converted(folder, subject, kinds)
    files = {}
    for number, kind in enumerate(kinds, 1):
        with Progress(f"proving {number} of {len(kinds)}: {proof.KINDS[kind]}") as subject.progress:
            files[kind] = _record(folder, kind, made[kind], subject, request)
    return files, [record["reason"] for record in files.values() if not record["passed"]]


def _arrays(folder: Path, subject: Subject) -> Path:
    path = folder / proof.KINDS[proof.NUMPY]
    np.savez_compressed(path, **subject.run.model.arrays)
    return path


def _converted(folder: Path, subject: Subject, kinds: list[str]) -> dict[str, Path | str]:
    """{kind: its file, or one line on why there is none}."""
    run, config = subject.run, subject.config
    with Progress("writing the SavedModel"):
        inputs, _ = run.split("train").sample(config.calibration_examples)
        subject.programs = run.method.programs(run.model, config, inputs)
        saved_model.write(run.model, subject.programs, folder / "saved_model")
    shared = {name: p.inputs for name, p in subject.programs.items() if not p.file}
    rest = [kind for kind in kinds if kind != "saved_model"]
    with Progress("converting") as progress:

        def tell(kind: str, done: int, total: int) -> None:
            text = f"converting {rest.index(kind) + 1} of {len(rest)}: {kind}"
            progress.say(text, f"calibrating {done} of {total}" if total else "")

        found = convert.convert(folder / "saved_model", folder, rest, shared, tell)
    return {"saved_model": folder / "saved_model", **found}


def _record(folder: Path, kind: str, made: Path | str, subject: Subject, request: Request) -> dict:
    """What became of one file: its proof, its size, its latency."""
    if isinstance(made, str):
        return {"passed": False, "reason": f"{proof.KINDS[kind]}: {made}"}
    method, config, path = subject.method, subject.config, proof.KINDS[kind]
    facts = {"path": path, "size_bytes": seal.size(made)}
    is_tflite = made.suffix == ".tflite"
    reason = _unfit(made, subject) if is_tflite else ""
    if reason:
        return facts | {"passed": False, "reason": reason}
    fit = None
    if request.budget is not None:
        fit = micro.check_file(made, config, **request.budget)
        if not fit.fits:
            return facts | {"passed": False, "reason": f"{made.name}: {fit.reason}"}
    judged = (subject.part, method, config, subject.reference, request.max_drop)
    record = proof.prove(folder, kind, *judged, subject.predict, subject.progress.text)
    if fit and record["passed"]:
        record = micro.prove(record, fit, made, *judged)
    facts["size_bytes"] = seal.size(made)  # labels have come into it
    if is_tflite and record["passed"]:
        subject.progress.say(f"timing {made.name}")
        measured = latency.measure(made, threads=(1,), seconds=1.0)
        facts["latency_ms"] = measured["latency_ms"]["1"]
    return record | facts


def _unfit(path: Path, subject: Subject) -> str:
    """Why a file cannot run, or "": it holds built-in ops alone, and then gets its labels."""
    try:
        tflite_file.refuse_foreign(path)
    except Refused as error:
        return str(error)
    run = subject.run
    metadata.attach_metadata(
        path, name=run.path.name, description=summary(run), labels=run.config.labels
    )
    return ""


def _own_files(folder: Path, subject: Subject, files: Mapping, request: Request) -> dict:
    """{program: record} of the programs that have a file of their own, next to float32."""
    if request.target_size or "float32" not in files:
        return {}
    run = subject.run
    about = dict(name=run.path.name, description=summary(run), labels=run.config.labels)
    return {
        name: own_file.write(run.model, program, folder, **about)
        for name, program in subject.programs.items()
        if program.file
    }


def _smallest(folder: Path, files: dict, limit: float, failures: list[str]):
    """({kind: record} of the smallest TFLite file that passed and has at most `limit` bytes, []).

    The others are deleted. If there is none, (files, reasons).
    """
    good = {kind: r for kind, r in files.items() if r["passed"] and kind != "saved_model"}
    by_size = sorted(good, key=lambda kind: good[kind]["size_bytes"])
    if not good or good[by_size[0]]["size_bytes"] > limit:
        return files, [*failures, _too_large(good.values(), limit)]
    best = by_size[0]
    for kind in set(files) - {best, "saved_model"}:
        (folder / proof.KINDS[kind]).unlink(missing_ok=True)
    return {best: good[best]}, []


def _too_large(records: Iterable[Mapping], limit: float) -> str:
    """That no file has at most `limit` bytes."""
    sizes = [f"{record['path']} has {record['size_bytes'] / 1024:.0f} KB" for record in records]
    listed = ", ".join(sizes) or "none did"
    return f"no file of at most {limit / 1024:.0f} KB passed: {listed}"


def _advice(files: Mapping, request: Request) -> str:
    if request.target_size:
        return "Allow more with --target-size or --max-drop."
    if request.budget is not None:
        return "Nothing was written."
    good = [kind for kind, record in files.items() if record["passed"]]
    if not good:
        return "No file passed: look at the model first."
    bad = [kind for kind in files if kind not in good]
    flags = _flags(good)
    more = " or calibrate on more examples (calibration_examples)" if "int8" in bad else ""
    return f"Leave {', '.join(bad)} out ({flags}){more}, or allow more with --max-drop."


def _flags(kinds: list[str]) -> str:
    """The flags that ask for these files alone."""
    plain = [kind for kind in kinds if kind not in recipes.FILES]
    made = [kind for kind in kinds if kind in recipes.FILES]
    return f"--files {','.join(plain)}" + (f" --quantizer {','.join(made)}" if made else "")
