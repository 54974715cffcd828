"""What a report says: the facts of a run and of its bundle, gathered for the page."""

import csv
import io

from PIL import Image

from pipelines import catalog
from pipelines.config import settings
from pipelines.engine.export import contents
from pipelines.engine.proof import seal
from pipelines.engine.report import numbers as page_numbers
from pipelines.engine.report import page
from pipelines.engine.training import fit as train
from pipelines.engine.training.loop import monitor_sign
from pipelines.files import read_json, within, write_text

FILE_FACTS = (
    "size_bytes",
    "metrics",
    "drop",
    "worst_class",
    "worst_class_drop",
    "max_difference",
    "latency_ms",
)
FILE_FACTS += ("passed", "reason")
SIDE = 400  # pixels of a picture on the page; more only makes the file larger


def write_run(run, bundle=None):
    """Writes RUN/report.html, with the files of its newest bundle if there is one -> path."""
    found = of_bundle(bundle) if bundle else {}
    exported = {key: found[key] for key in ("files", "reference") if key in found}
    return _write(run.path, {**of_run(run), **exported})


def write_bundle(bundle, run=None):
    """Writes BUNDLE/report.html, with what is known of the run where that is at hand -> path."""
    known = of_run(run) if run else {}
    path = _write(bundle.path, {**known, **of_bundle(bundle)})
    seal.add(bundle.path, path.name)
    return path


def _write(folder, context):
    write_text(folder / "report.html", page.render(context))
    return folder / "report.html"


def of_run(run):
    """The page's context of a run."""
    info, kept = run.info, run.path / "evaluations"
    found = (
        read_json(kept / "test" / "result.json")
        if (kept / "test" / "result.json").is_file()
        else {}
    )
    evaluation = found.get("result", {})
    name = run.method.scores[0].name
    history, last = (
        _history(run.path / "history.csv"),
        train.phases(run.method, run.config)[-1].config,
    )
    defaults = {field.name: field.default for field in settings(type(run.config))}
    headline = (
        [(name, evaluation[name], f"{evaluation['examples']:,} {evaluation['split']} examples")]
        if evaluation
        else []
    )
    if "parameters" in info:
        headline += [
            ("parameters", f"{info['parameters']:,}"),
            ("training", f"{info['minutes']:.1f} min", f"{info['epochs_done']} epochs"),
        ]
    if evaluation and (run.path / "learning_rate.json").is_file():
        curve = {"learning rate range test": read_json(run.path / "learning_rate.json")}
        evaluation = {**evaluation, "curves": {**evaluation.get("curves", {}), **curve}}
    return {
        "title": f"{catalog.task_title(run.task_name)}: {contents.data_name(run.data_name)}",
        "subtitle": f"run {run.path.name} · {run.data_name} · {info['started'][:10]}",
        "headline": headline,
        "notes": _notes(info, evaluation),
        "labels": list(run.config.labels),
        "evaluation": {"labels": list(run.config.labels), **evaluation} if evaluation else None,
        "worst": [_pictured(row, kept / "test") for row in found.get("worst", [])],
        "history": history,
        "best_epoch": _best(history, last, run.method) if last.keep == "best" else None,
        "audit": read_json(run.path / "audit.json"),
        "settings": run.config.as_dict(),
        "changed": {
            name for name, default in defaults.items() if getattr(run.config, name) != default
        },
        "environment": read_json(run.path / "environment.json"),
    }


def _notes(info, evaluation):
    """What a reader has to know before anything else."""
    notes = []
    if "below_floor" in evaluation:
        notes.append(f"On the {evaluation['split']} split: {evaluation['below_floor']}")
    elif "below_floor" in info:
        notes.append(f"On the validation split: {info['below_floor']}")
    if info["left_out"]:
        listed = ", ".join(info["left_out"][:20])
        notes.append(f"{len(info['left_out'])} examples were left out (on_bad_data=skip): {listed}")
    return notes


def of_bundle(bundle):
    """The page's context of a bundle."""
    manifest = bundle.manifest
    proof, reference = manifest["proof"], manifest["reference"]
    files = [
        {
            "file": record["path"],
            "kind": kind,
            **{key: record.get(key) for key in FILE_FACTS},
        }
        for kind, record in bundle.files.items()
    ]
    name = bundle.method.scores[0].name
    return {
        "title": manifest["name"],
        "subtitle": f"{bundle.method.task}, {bundle.method.name} · {proof['data']} · {manifest['created'][:10]}",
        "headline": (
            [(name, reference[name], f"{proof['examples']:,} {proof['split']} examples")]
            + [
                (f["kind"], page_numbers.size(f["size_bytes"]), f["file"])
                for f in files
                if f["kind"] in ("float32", "int8")
            ]
        ),
        "labels": manifest["labels"],
        "files": files,
        "reference": reference,
        "settings": manifest["config"],
    }


def _history(path):
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _best(history, config, method):
    rows = [
        row
        for row in history
        if row.get(config.monitor) and row.get("phase") == history[-1].get("phase")
    ]
    pick = max if monitor_sign(method, config.monitor) > 0 else min
    return int(pick(rows, key=lambda row: float(row[config.monitor]))["epoch"]) if rows else None


def _pictured(row, folder):
    if "picture" not in row:
        return row
    with Image.open(within(folder, row["picture"]), formats=("PNG",)) as picture:
        picture.thumbnail((SIDE, SIDE))
        out = io.BytesIO()
        picture.save(out, "PNG")
    return {**row, "picture": out.getvalue()}
