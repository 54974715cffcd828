"""Export: SavedModel and TFLite files, made, checked, proven, and described in one bundle."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pipelines import terminal
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
from pipelines.engine.proof import evaluate, floor, proof
from pipelines.errors import PipelineError, Refused, nearest
from pipelines.files import appearing, in_bytes
from pipelines.models.fitted import Fitted
from pipelines.task import Method, Part, Program, Score

TARGETS = ("micro",)


@dataclass(frozen=True)
class Request:
    """What a bundle is asked for.

    kinds: files to make, or None for all. max_drop: see `proof.gate`. target_size: most bytes of
    the one file that is kept, or None. budget: of a microcontroller, {"ram", "flash"}, or None.
    """

    kinds: Sequence[str] | None
    recipes: Sequence[str]
    max_drop: float | None
    target_size: float | None
    budget: Mapping[str, float] | None


@dataclass
class Subject:
    """The model to export: what it is judged on, by what, and what it reached."""

    run: Any
    name: str
    part: Part
    predict: Any
    reference: dict
    floor: dict  # see `engine.proof.floor`
    programs: Mapping[str, Program] = field(default_factory=dict)

    @property
    def method(self) -> Method:
        return self.run.method

    @property
    def config(self) -> Any:
        return self.run.config


def export(
    run: Any,
    out: Path | str | None = None,
    formats: Sequence[str] | None = None,
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

    formats: names out of saved_model, float32, float16, dynamic, int8, numpy; None is all that the
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
    request = _request(formats, quantizer, max_drop, target_size, target, ram, flash)
    limits = _limits(run.method, least or {}, most or {})
    unsupported = run.method.unsupported(run.config)
    kinds = _kinds(request.kinds, unsupported, run.method)
    kinds += _recipes(request.recipes, kinds)
    subject = _subject(run)
    _good_enough(subject, limits)
    with appearing(out) as folder:
        folder.mkdir()
        files, failures = _made(folder, subject, kinds, request)
        if request.target_size:
            files, failures = _smallest(folder, files, request.target_size, failures)
        if failures:
            advice = _advice(files, request)
            failed = Refused(f"export failed: {'; '.join(failures).rstrip('.')}. {advice}")
            failed.details = {"files": files, "reference": subject.reference}
            raise failed
        if "saved_model" not in files:
            shutil.rmtree(folder / "saved_model", ignore_errors=True)
        extra = _own_files(folder, subject, files, request)
        facts = {"files": files, "extra": extra, "unsupported": dict(unsupported)}
        contents.write(folder, subject, facts, run.method.scores[0].limit(request.max_drop))
    return out


def held_out(run: Any) -> tuple[str, Part]:
    """(name, part) of the first that has examples among test and validation."""
    for name in ("test", "validation"):
        if run.source.parts().get(name):
            return name, run.split(name)
    raise PipelineError(
        f"{run.data_name} has neither test nor validation examples: no file can be proven. Add a"
        " test split."
    )


def size(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(file.stat().st_size for file in files)


def summary(run: Any) -> str:
    """What the run's method does, in one line."""
    method = run.method
    return f"{method.task}/{method.name}: {(type(method).__doc__ or '').strip().splitlines()[0]}"


# What is asked for.


def _request(formats, quantizer, max_drop, target_size, target, ram, flash) -> Request:
    if max_drop is not None and not max_drop >= 0:  # NaN too
        raise PipelineError(
            f"max_drop must be 0 or more, how much worse the first score may get; got {max_drop}."
        )
    given = {"target_size": target_size, "ram": ram, "flash": flash}
    sizes = {name: in_bytes(size, name) for name, size in given.items() if size is not None}
    if target is not None:
        _refuse_choices(target, formats, quantizer, sizes)
        return Request(["int8"], (), max_drop, None, sizes)
    if "ram" in sizes or "flash" in sizes:
        raise PipelineError("ram and flash are budgets of a microcontroller: add --for micro.")
    return Request(formats, quantizer, max_drop, sizes.get("target_size"), None)


def _refuse_choices(target: str, formats: Any, quantizer: Any, sizes: Mapping) -> None:
    """Raises PipelineError for what a target leaves no choice of."""
    if target not in TARGETS:
        raise PipelineError(f"unknown target {target!r}. {nearest(target, TARGETS)}")
    if formats is not None or quantizer or "target_size" in sizes:
        raise PipelineError(
            f"for {target} there is one kind of file, int8: leave formats, quantizer and"
            " target_size out."
        )


def _limits(method: Method, least: Mapping, most: Mapping) -> list[tuple[Score, float]]:
    """[(score, value)] that the model has to reach. Raises PipelineError for the wrong direction."""
    known = {score.name: score for score in method.scores}
    found = []
    for flag, better, other, limits in (
        ("--min", "higher", "--max", least),
        ("--max", "lower", "--min", most),
    ):
        for name, value in limits.items():
            if name not in known:
                raise PipelineError(f"{flag}: unknown score {name!r}. {nearest(name, known)}")
            if known[name].better != better:
                raise PipelineError(
                    f"{name} is better if it is {known[name].better}: say {other} {name}={value:g}."
                )
            found.append((known[name], float(value)))
    return found


def _good_enough(subject: Subject, limits: list[tuple[Score, float]]) -> None:
    """Raises Refused if the Keras model is not as good as was asked for."""
    for score, limit in limits:
        value = subject.reference.get(score.name, float("nan"))
        if not score.reaches(value, limit):
            word = "at least" if score.better == "higher" else "at most"
            raise Refused(
                f"export refused: {score.name} is {value:.4f} on {len(subject.part)}"
                f" {subject.name} examples, and it has to be {word} {limit:g}. Train a better model"
                " first."
            )


def _kinds(formats: Sequence[str] | None, unsupported: Mapping, method: Method) -> list[str]:
    """Names of the files to make. unsupported: {name: why this model has no such file}."""
    known = (proof.NUMPY,) if method.fitted else ("saved_model", *convert.FILES)
    for kind in formats or ():
        if kind not in known:
            raise PipelineError(f"unknown format {kind!r}. {nearest(kind, known)}")
        if kind in unsupported:
            raise PipelineError(
                f"this model has no {kind} file: {unsupported[kind]}. Leave {kind} out of"
                " --formats."
            )
    wanted = (method.formats or known) if formats is None else formats
    kinds = [kind for kind in known if kind in set(wanted) - set(unsupported)]
    if not kinds:
        raise PipelineError(f"formats must name at least one of {', '.join(known)}.")
    return kinds


def _recipes(names: Sequence[str], kinds: list[str]) -> list[str]:
    """Names of the files that ai-edge-quantizer is to make besides `kinds`."""
    for name in names:
        if name not in recipes.FILES:
            known = nearest(name, recipes.FILES)
            raise PipelineError(f"unknown recipe {name!r} of the quantizer. {known}")
    if names and "float32" not in kinds:
        raise PipelineError(
            "the quantizer works on the float32 file: put float32 among the formats."
        )
    if names and not recipes.installed():
        raise PipelineError(
            "the quantizer needs ai-edge-quantizer: pip install 'keras-task-pipelines[quantizer]'."
        )
    return [name for name in recipes.FILES if name in names]


# What is made and proven.


def _subject(run: Any) -> Subject:
    method, config = run.method, run.config
    name, part = held_out(run)
    # By its programs, as files are asked: what passes between two of them is rounded alike.
    predict = proof.answering(evaluate.Programs(run.model, method, config), method, config)
    reference = evaluate.score(predict, part, method, config, title="judge the trained model")
    reference = {k: v for k, v in reference.items() if k not in ("matrices", "curves")}
    judged = floor.judged(part, reference, method, config)
    return Subject(run, name, part, predict, reference, judged)


def _made(
    folder: Path, subject: Subject, kinds: list[str], request: Request
) -> tuple[dict, list[str]]:
    """({kind: record}, reasons of those that failed); the files lie in `folder`."""
    if isinstance(subject.run.model, Fitted):
        made = {proof.NUMPY: _arrays(folder, subject)}
    else:
        made = _converted(folder, subject, kinds)
    files = {kind: _record(folder, kind, made[kind], subject, request) for kind in kinds}
    return files, [record["reason"] for record in files.values() if not record["passed"]]


def _arrays(folder: Path, subject: Subject) -> Path:
    path = folder / proof.KINDS[proof.NUMPY]
    np.savez_compressed(path, **subject.run.model.arrays)
    return path


def _converted(folder: Path, subject: Subject, kinds: list[str]) -> dict[str, Path | str]:
    """{kind: its file, or one line on why there is none}."""
    run, config = subject.run, subject.config
    inputs, _ = run.split("train").sample(config.calibration_examples)
    subject.programs = run.method.programs(run.model, config, inputs)
    saved_model.write(run.model, subject.programs, folder / "saved_model")
    shared = {name: p.inputs for name, p in subject.programs.items() if not p.file}
    rest = [kind for kind in kinds if kind != "saved_model"]
    with tqdm(
        total=len(rest), desc="convert", unit="file", disable=terminal.quiet(), leave=False
    ) as bar:
        found = convert.convert(
            folder / "saved_model", folder, rest, shared, lambda kind, result: bar.update()
        )
    return {"saved_model": folder / "saved_model", **found}


def _record(folder: Path, kind: str, made: Path | str, subject: Subject, request: Request) -> dict:
    """What became of one file: its proof, its size, its latency."""
    if isinstance(made, str):
        return {"passed": False, "reason": f"{proof.KINDS[kind]}: {made}"}
    method, config, path = subject.method, subject.config, proof.KINDS[kind]
    facts = {"path": path, "size_bytes": size(made)}
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
    record = proof.prove(folder, kind, *judged, subject.predict)
    if fit and record["passed"]:
        record = micro.prove(record, fit, made, *judged)
    facts["size_bytes"] = size(made)  # labels have come into it
    if is_tflite and record["passed"]:
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
    best = by_size[0] if by_size else None
    if best is None or good[best]["size_bytes"] > limit:
        sizes = [f"{r['path']} has {r['size_bytes'] / 1024:.0f} KB" for r in good.values()]
        listed = ", ".join(sizes) or "none did"
        return files, [*failures, f"no file of at most {limit / 1024:.0f} KB passed: {listed}"]
    for kind in set(files) - {best, "saved_model"}:
        (folder / proof.KINDS[kind]).unlink(missing_ok=True)
    return {best: good[best]}, []


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
    formats = [kind for kind in kinds if kind not in recipes.FILES]
    made = [kind for kind in kinds if kind in recipes.FILES]
    return f"--formats {','.join(formats)}" + (f" --quantizer {','.join(made)}" if made else "")
