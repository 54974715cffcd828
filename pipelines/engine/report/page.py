"""The report of a run or a bundle: one HTML page that needs no network and runs no script."""

import re
from collections.abc import Mapping
from pathlib import Path

import jinja2

from pipelines.engine.report.audit_section import audit_section
from pipelines.engine.report.charts import history_charts
from pipelines.engine.report.defaults import given
from pipelines.engine.report.evaluation_section import evaluation_section
from pipelines.engine.report.files_section import files_section
from pipelines.engine.report.numbers import number, plain, short, words
from pipelines.engine.report.pictures import pictures

# What stands in for a key that the context lacks, but for `changed`.
EMPTY = {
    "title": "Report",
    "subtitle": None,
    "headline": (),
    "notes": (),
    "evaluation": {},
    "labels": (),
    "samples": (),
    "samples_title": "Samples",
    "worst": (),
    "files": (),
    "reference": {},
    "history": (),
    "best_epoch": None,
    "audit": {},
    "settings": {},
    "environment": {},
}


def render(context: Mapping) -> str:
    """The page for `context`, whose keys are all optional: a section without its key is left out.

    title, subtitle: str
    headline: [(name, value, unit or hint)]
    notes: [str]
    evaluation: {"split", "examples", name: scalar, ..., "labels": [label],
        "per_class": {label: {name: value}}, "references": {name: {metric: value}},
        "matrices": {name: [[count]]},
        "curves": {name: {"x", "y", "x_label", "y_label", "diagonal"}}}
        A matrix has truth in rows and predictions in columns, in the order of `labels` (here or in
        the context) or, without them, of `per_class`.
    samples, worst: [{"name": str, "picture": PNG or JPEG bytes or None, "text": str,
        "loss": number, "rows": of canvas.MarkedText, shown in place of "text"}]
    samples_title: str
    files: [{"file", "kind", "size_bytes", "metrics": {name: value}, "drop", "worst_class",
        "worst_class_drop", "max_difference", "latency_ms": {"p50", "p90"}, "passed": bool,
        "reason"}], sizes in bytes
    reference: {name: value}, the Keras model's metrics, with which the files are compared
    history: [{"epoch": n, name: value, "val_" + name: value}]; numbers may be strings, as csv reads
        them
    best_epoch: the `epoch` value of the row whose weights were kept
    audit: {"counts": {split: n}, "class_counts": {split: {label: n}},
        "problems": [{"severity": "error" | "warning" | "info", "kind", "where", "message"}]}
    settings: {name: value}; changed: the names that differ from their defaults
    environment: {name: value}

    None and NaN show as a dash. Every text is escaped: labels and file names may hold anything.
    """
    known = given(context, EMPTY)
    page = _template().render(
        title=known["title"],
        subtitle=known["subtitle"],
        headline=[_headline(*item) for item in known["headline"]],
        sections=_sections(known, context.get("changed")),
    )
    # A file name may hold bytes that are no text, which Python keeps as surrogates that UTF-8
    # cannot write.
    page = page.encode("utf-8", "replace").decode("utf-8")
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "\N{REPLACEMENT CHARACTER}", page)


def _sections(context: Mapping, changed: set | None) -> dict[str, dict]:
    """The sections that have something to show, in the page's order."""
    history = history_charts(context["history"], context["best_epoch"])
    evaluation = evaluation_section(context["evaluation"], context["labels"])
    sections = {
        "notes": ("Notes", list(context["notes"])),
        "evaluation": ("Evaluation", evaluation),
        "samples": (context["samples_title"], pictures(context["samples"])),
        "worst": ("Largest losses", pictures(context["worst"])),
        "files": ("Exported files", files_section(context["files"], context["reference"])),
        "history": ("Learning curves", history),
        "audit": ("Data", audit_section(context["audit"])),
        "settings": ("Settings", _settings(context["settings"], changed)),
        "environment": ("Environment", _plain_items(context["environment"])),
    }
    shown = {}
    for name, (title, body) in sections.items():
        if body:
            shown[name] = {"title": title, "body": body}
    return shown


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, words=words, plain=plain)
    return environment.get_template("page.html.j2")


def _headline(name: str, value: object, hint: str | None = None) -> tuple[str, str, str | None]:
    return name, short(value), hint


def _plain_items(values: Mapping) -> list[tuple[str, str]]:
    return [(name, plain(value)) for name, value in values.items()]


def _settings(settings: Mapping, changed: set | None) -> dict | None:
    """Settings apart by whether they were changed, as far as that is known."""
    if not settings:
        return None
    items = _plain_items(settings)
    names = changed or ()
    return {
        "known": changed is not None,
        "changed": [(name, value) for name, value in items if name in names],
        "rest": [(name, value) for name, value in items if name not in names],
    }
