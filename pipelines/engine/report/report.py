"""What a report says: the facts of a run and of its bundle, gathered for the page."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from pipelines import catalog
from pipelines.config import settings
from pipelines.engine.export import contents
from pipelines.engine.proof import doubts, seal
from pipelines.engine.report import page
from pipelines.engine.report.numbers import size
from pipelines.engine.training import fit as train
from pipelines.engine.training import sketches
from pipelines.engine.training.loop import monitor_sign
from pipelines.errors import PipelineError
from pipelines.files import sha256, sweep, within, write_text
from pipelines.records import read_json, read_rows
from pipelines.shapes import ANY, NUMBER

FILE_FACTS = (
    "size_bytes",
    "metrics",
    "drop",
    "worst_class",
    "worst_class_drop",
    "max_difference",
    "latency_ms",
    "passed",
    "reason",
)
HEADLINE_KINDS = ("float32", "int8")  # of file, whose sizes stand at the top
NAME = "report.html"
OF_RUN = '<section id="audit"'  # which the page of a bundle alone does not have
NAMED = 20  # examples that a note lists
PLAIN = (str, int, float, bool, type(None))
NUMBERS = {str: (*NUMBER, type(None))}
CURVE = {
    "x": [NUMBER],
    "y": [NUMBER],
    "x_label?": str,
    "y_label?": str,
    "diagonal?": bool,
    "names?": [str],
    "notes?": [str],
    "groups?": [int],
}
RESULT = {  # the shape of evaluations/SPLIT/result.json
    "result": {
        "split": str,
        "examples": int,
        "doubts?": [str],
        "below_floor?": str,
        "per_class?": {str: (NUMBERS, *NUMBER)},
        "importance?": {str: NUMBER},
        "texts?": {str: str},
        "references?": {str: NUMBERS},
        "matrices?": {str: [[NUMBER]]},
        "curves?": {str: CURVE},
    },
    "worst": [{"name": str, "loss": NUMBER, "picture?": str, "text?": str, "rows?": ANY}],
}
AUDIT = {  # the shape of audit.json, as far as the page shows it
    "counts": {str: int},
    "class_counts": {str: {str: int}},
    "problems": [{"severity": str, "kind": str, "where": str, "message": str}],
}
SIDE = 400  # pixels of a picture on the page; more only makes the file larger


def write_run(run: Any, bundle: Any = None) -> Path:
    """Writes RUN/report.html, with the files of its newest bundle if there is one -> path."""
    context = of_run(run)
    if bundle:
        exported = of_bundle(bundle)
        context |= {key: exported[key] for key in ("files", "reference")}
    return _write(run.path, context)


def write_bundle(bundle: Any, run: Any = None) -> Path:
    """Writes BUNDLE/report.html, with what is known of the run if that is at hand -> path."""
    if run is None and _is_fuller(bundle):
        return bundle.path / NAME
    context = of_run(run) if run else {}
    path = _write(bundle.path, context | of_bundle(bundle))
    seal.add(bundle.path, path.name)
    return path


def _is_fuller(bundle: Any) -> bool:
    """Whether there is a report, as it was written, that knows of the run what the bundle does
    not."""
    path = bundle.path / NAME
    as_written = path.is_file() and sha256(path) == bundle.manifest["sha256"].get(NAME)
    return as_written and OF_RUN in path.read_text(encoding="utf-8")


def _write(folder: Path, context: dict) -> Path:
    sweep(folder)
    write_text(folder / NAME, page.render(context))
    return folder / NAME


def of_run(run: Any) -> dict:
    """The page's context of a run."""
    info, tested = run.info, run.path / "evaluations/test"
    found = _if_there(tested / "result.json", RESULT)
    evaluation = found.get("result", {})
    _check_square(tested, evaluation.get("matrices", {}))
    history = rows_of(run.path / "history.csv")
    last = train.phases(run.method, run.config)[-1].config
    return {
        "title": f"{catalog.task_title(run.task_name)}: {contents.data_name(run.data_name)}",
        "subtitle": f"run {run.path.name} · {run.data_name} · {info['started'][:10]}",
        "headline": _headline(run, evaluation),
        "notes": _notes(info, evaluation),
        "labels": list(run.config.labels),
        "evaluation": _evaluation(run, evaluation) if evaluation else None,
        "samples": _sketches(run.path),
        "samples_title": "Samples by epoch",
        "worst": [_pictured(row, tested) for row in found.get("worst", [])],
        "history": history,
        "best_epoch": _best(history, last, run.method) if last.keep == "best" else None,
        "audit": read_json(run.path / "audit.json", AUDIT),
        "settings": run.config.as_dict(),
        "changed": changed(run.config),
        "environment": read_json(run.path / "environment.json", {str: PLAIN}),
    }


def _sketches(folder: Path) -> list[Mapping]:
    """What the net made after some epochs, as the page shows it."""
    rows = [{"name": f"epoch {epoch}", "picture": name} for epoch, name in sketches.kept(folder)]
    return [_pictured(row, folder / sketches.FOLDER) for row in rows]


def _if_there(path: Path, shape: Mapping) -> dict:
    return read_json(path, shape) if path.is_file() else {}


def _check_square(folder: Path, matrices: Mapping) -> None:
    """Raises PipelineError for a matrix whose rows are not as many as its columns."""
    for name, rows in matrices.items():
        if any(len(row) != len(rows) for row in rows):
            raise PipelineError(f"{folder}: the matrix {name!r} is not square. Evaluate again.")


def _headline(run: Any, evaluation: Mapping) -> list[tuple]:
    """(name, value, hint) of what stands at the top of the page."""
    info, lines = run.info, []
    name = run.method.scores[0].name
    if name in evaluation:
        judged = f"{evaluation['examples']:,} {evaluation['split']} examples"
        lines.append((name, evaluation[name], judged))
    if {"parameters", "minutes", "epochs_done"} <= info.keys():
        lines.append(("parameters", f"{info['parameters']:,}"))
        lines.append(("training", f"{info['minutes']:.1f} min", f"{info['epochs_done']} epochs"))
    return lines


def _evaluation(run: Any, evaluation: Mapping) -> dict:
    """The test's result; the learning rate range test, if there is one, is one of its curves."""
    curves = dict(evaluation.get("curves", {}))
    found = _if_there(run.path / "learning_rate.json", CURVE)
    if found:
        curves["learning rate range test"] = found
    return {"labels": list(run.config.labels), **evaluation, "curves": curves}


def changed(config: Any) -> set[str]:
    """The names of the settings that differ from their defaults."""
    fields = settings(type(config))
    return {field.name for field in fields if getattr(config, field.name) != field.default}


def _notes(info: Mapping, evaluation: Mapping) -> list[str]:
    """What a reader has to know before anything else."""
    notes, left_out = [], info["left_out"]
    if doubts.text(evaluation):
        notes.append(f"On the {evaluation['split']} split: {doubts.text(evaluation)}")
    if doubts.text(info):
        notes.append(f"On the validation split: {doubts.text(info)}")
    if left_out:
        listed = ", ".join(left_out[:NAMED])
        notes.append(f"{len(left_out)} examples were left out (on_bad_data=skip): {listed}")
    return notes


def of_bundle(bundle: Any) -> dict:
    """The page's context of a bundle."""
    manifest, method = bundle.manifest, bundle.method
    proof, reference = manifest["proof"], manifest["reference"]
    name = method.scores[0].name
    headline = [(name, reference[name], f"{proof['examples']:,} {proof['split']} examples")]
    files = []
    for kind, record in bundle.files.items():
        facts = {key: record.get(key) for key in FILE_FACTS}
        files.append({"file": record["path"], "kind": kind, **facts})
        if kind in HEADLINE_KINDS:
            headline.append((kind, size(record.get("size_bytes")), record["path"]))
    created = manifest["created"][:10]
    return {
        "title": manifest["name"],
        "subtitle": f"{method.task}, {method.name} · {proof['data']} · {created}",
        "headline": headline,
        "labels": manifest["labels"],
        "files": files,
        "reference": reference,
        "settings": {**contents.judging(bundle.method, bundle.config), **manifest["config"]},
    }


def rows_of(path: Path) -> list[dict]:
    """The rows of a history.csv, an epoch each, every value as text; [] if there is none."""
    return read_rows(path, ["phase"]) if path.is_file() else []


def _best(history: list[dict], config: Any, method: Any) -> int | None:
    """The epoch of the last phase that is best by what its settings monitor."""
    rows = [row for row in _last_phase(history) if row.get(config.monitor) and row.get("epoch")]
    if not rows:
        return None
    sign = monitor_sign(method, config.monitor)
    best = max(rows, key=lambda row: sign * float(row[config.monitor]))
    return int(float(best["epoch"]))


def _last_phase(history: list[dict]) -> list[dict]:
    return [row for row in history if row.get("phase") == history[-1].get("phase")]


def _pictured(row: Mapping, folder: Path) -> Mapping:
    """An example with its picture, if it has one, as PNG of at most SIDE pixels."""
    if "picture" not in row:
        return row
    file, out = within(folder, row["picture"]), io.BytesIO()
    try:
        with Image.open(file, formats=("PNG",)) as picture:
            picture.thumbnail((SIDE, SIDE))
            picture.save(out, "PNG")
    except Exception as error:  # Pillow raises nearly anything on a damaged file
        raise PipelineError(
            f"{file} is no PNG that can be read ({error}). Evaluate the run again."
        ) from error
    return {**row, "picture": out.getvalue()}
