"""The report of a run or a bundle: one HTML page that needs no network and runs no script."""

import numbers
import re
from pathlib import Path

import jinja2
import numpy as np

from pipelines.engine.report.charts import curve_chart, history_charts
from pipelines.engine.report.numbers import finite, number, plain, scalar, short, size, words
from pipelines.engine.report.pictures import pictures
from pipelines.engine.report.tables import bar_table, matrix_table

LISTED = 500  # problems of one kind that the page lists at all; the rest is a count
FEW, LARGE, SMALL = (
    4,
    (330, 300),
    (220, 190),
)  # curves up to a number are drawn large; pixels of a curve's chart
CURVES = 24  # before the rest folds away
SEVERITIES = {"error": "✕", "warning": "!", "info": "i"}  # worst first, each with its mark


def render(context):
    """The page for `context`, a dict whose keys are all optional: a section without its key is left
    out.

    title, subtitle: str
    headline: [(name, value, unit or hint)]
    notes: [str]
    evaluation: {"split", "examples", name: scalar, ..., "labels": [label], "per_class": {label:
        {name: value}},
        "references": {name: {metric: value}}, "matrices": {name: [[count]]},
        "curves": {name: {"x", "y", "x_label", "y_label", "diagonal"}}}
        A matrix has truth in rows and predictions in columns, in the order of `labels` (here or in
        the context) or, without them, of `per_class`.
    samples, worst: [{"name": str, "picture": PNG or JPEG bytes or None, "text": str, "loss":
        number,
        "rows": of canvas.MarkedText, shown in place of "text"}]
    samples_title: str
    files: [{"file", "kind", "size_bytes", "metrics": {name: value}, "drop", "worst_class",
        "worst_class_drop",
        "max_difference", "latency_ms": {"p50", "p90"}, "passed": bool, "reason"}], sizes in bytes
    reference: {name: value}, the Keras model's metrics, which the files stand beside
    history: [{"epoch": n, name: value, "val_" + name: value}]; numbers may be strings, as csv reads
        them
    best_epoch: the `epoch` value of the row whose weights were kept
    audit: {"counts": {split: n}, "class_counts": {split: {label: n}},
        "problems": [{"severity": "error" | "warning" | "info", "kind", "where", "message"}]}
    settings: {name: value}; changed: the names that differ from their defaults
    environment: {name: value}

    None and NaN show as a dash. Every text is escaped: labels and file names may hold anything.
    """
    sections = {
        "notes": ("Notes", list(context.get("notes") or [])),
        "evaluation": ("Evaluation", _evaluation(context)),
        "samples": (context.get("samples_title") or "Samples", pictures(context.get("samples"))),
        "worst": ("Largest losses", pictures(context.get("worst"))),
        "files": ("Exported files", _files(context.get("files"), context.get("reference"))),
        "history": (
            "Learning curves",
            history_charts(context.get("history"), context.get("best_epoch")),
        ),
        "audit": ("Data", _audit(context.get("audit"))),
        "settings": ("Settings", _settings(context.get("settings"), context.get("changed"))),
        "environment": (
            "Environment",
            [(name, plain(v)) for name, v in (context.get("environment") or {}).items()],
        ),
    }
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=context.get("title") or "Report",
            subtitle=context.get("subtitle"),
            headline=[
                (name, short(value), hint[0] if hint else None)
                for name, value, *hint in context.get("headline") or []
            ],
            sections={
                name: {"title": title, "body": body}
                for name, (title, body) in sections.items()
                if body
            },
        )
    )
    # A file name may hold bytes that are no text, which Python keeps as surrogates that UTF-8
    # cannot write.
    page = page.encode("utf-8", "replace").decode("utf-8")
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "\N{REPLACEMENT CHARACTER}", page)


def _environment():
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, words=words, plain=plain)
    return environment


def _evaluation(context):
    evaluation = dict(context.get("evaluation") or {})
    if not evaluation:
        return None
    split, examples = evaluation.pop("split", None), evaluation.pop("examples", None)
    per_class = evaluation.pop("per_class", None) or {}
    labels = evaluation.pop("labels", None) or context.get("labels") or list(per_class)
    matrices = evaluation.pop("matrices", None) or {}
    references = evaluation.pop("references", None)
    curves = evaluation.pop("curves", None) or {}
    shape = SMALL if len(curves) > FEW else LARGE
    charts = [c for c in (curve_chart(name, curve, shape) for name, curve in curves.items()) if c]
    return {
        "split": split,
        "examples": examples,
        "scalars": list(_scalars(evaluation)),
        "references": _beside(evaluation, references) if references else None,
        # Where there are no classes, a metric tells of pictures by name.
        "per_class": _per_class(per_class, "class" if context.get("labels") else "picture"),
        "matrices": [
            m
            for m in (matrix_table(name, counts, labels) for name, counts in matrices.items())
            if m
        ],
        "curves": (
            {"large": shape == LARGE, "shown": charts[:CURVES], "folded": charts[CURVES:]}
            if charts
            else None
        ),
    }


def _scalars(metrics, prefix=""):
    """(name, value) of everything in `metrics` that is a single value; nested names are joined."""
    for name, value in metrics.items():
        if isinstance(value, dict):
            yield from _scalars(value, f"{prefix}{words(name)} · ")
        elif not isinstance(value, np.ndarray):
            value = ", ".join(map(number, value)) if isinstance(value, (list, tuple)) else value
            yield f"{prefix}{words(name)}", value


def _beside(metrics, references):
    """The run's own single numbers over those of the trainings that it is read beside."""
    own = {
        name: value for name, value in metrics.items() if isinstance(scalar(value), numbers.Real)
    }
    shown = {
        name: {n: values[n] for n in own if n in values} for name, values in references.items()
    }
    return bar_table(
        "This run and the trainings it is read beside",
        {"this run": own, **{words(n): v for n, v in shown.items()}},
    )


def _per_class(per_class, what):
    if not per_class:
        return None
    rows = {label: m if isinstance(m, dict) else {"value": m} for label, m in per_class.items()}
    return {"what": what, "table": bar_table(f"Every {what} by itself", rows, mark_lowest=True)}


def _files(files, reference):
    if not files:
        return None
    reference = reference or {}
    metrics = list(
        dict.fromkeys(
            name
            for source in (reference, *(file.get("metrics") or {} for file in files))
            for name, value in source.items()
            if isinstance(scalar(value), numbers.Real) and name not in ("examples", "size_bytes")
        )
    )
    largest = max((finite(f.get("size_bytes")) or 0 for f in (*files, reference)), default=0)

    def row(file, values, state):
        latency = file.get("latency_ms") or {}
        size_bytes = finite(file.get("size_bytes"))
        return {
            "file": file.get("file"),
            "kind": file.get("kind"),
            "state": state,
            "reason": file.get("reason"),
            "size": size(size_bytes),
            "share": size_bytes / largest if size_bytes is not None and largest else None,
            "metrics": [number(values.get(name)) for name in metrics],
            "drop": number(file.get("drop")),
            "worst_class": file.get("worst_class"),
            "worst_class_drop": number(file.get("worst_class_drop")),
            "max_difference": number(file.get("max_difference")),
            "p50": number(latency.get("p50")),
            "p90": number(latency.get("p90")),
        }

    rows = [
        row(
            f,
            f.get("metrics") or {},
            {True: "passed", False: "failed"}.get(scalar(f.get("passed")), "unknown"),
        )
        for f in files
    ]
    if reference:
        model = {
            "file": "Keras model",
            "kind": "reference",
            "size_bytes": reference.get("size_bytes"),
        }
        rows.insert(0, row(model, reference, "reference"))
    given = {key for file in files for key, value in file.items() if value is not None}
    return {
        "rows": rows,
        "metrics": [words(name) for name in metrics[:3]],
        "all_metrics": [words(name) for name in metrics] if len(metrics) > 3 else [],
        "given": given,
        "sizes": largest > 0,
        "passed": sum(r["state"] == "passed" for r in rows),
        "judged": sum(r["state"] in ("passed", "failed") for r in rows),
    }


def _audit(audit):
    if not audit:
        return None
    sizes = [(split, number(n)) for split, n in (audit.get("counts") or {}).items()]
    by_split = audit.get("class_counts") or {}
    labels = dict.fromkeys(label for split in by_split.values() for label in split)
    rows = {
        label: {split: split_counts.get(label, 0) for split, split_counts in by_split.items()}
        for label in labels
    }
    balance, sentence = None, None
    if rows:
        balance = bar_table("Examples of each class by split", rows)
        split, first = next(iter(by_split.items()))
        ranked = sorted(((n, label) for label, n in first.items() if n), key=lambda pair: pair[0])
        if len(ranked) > 1:
            (least, rare), (most, common) = ranked[0], ranked[-1]
            sentence = {
                "split": split,
                "rare": rare,
                "common": common,
                "ratio": f"{most / least:.{1 if most < 10 * least else 0}f}",
            }
            sentence |= {"least": number(least), "most": number(most)}
    absent = [
        (split, [label for label in labels if not counts.get(label)])
        for split, counts in by_split.items()
    ]
    problems = audit.get("problems")
    groups = {}
    for problem in problems or []:
        severity = str(problem.get("severity") or "info").lower()
        groups.setdefault((severity, str(problem.get("kind") or "other")), []).append(problem)
    order = list(SEVERITIES)
    ranked = sorted(
        groups.items(), key=lambda g: order.index(g[0][0]) if g[0][0] in order else len(order)
    )
    return {
        "counts": sizes,
        "absent": [(split, ", ".join(map(str, missing))) for split, missing in absent if missing],
        "balance": balance,
        "sentence": sentence,
        "checked": problems is not None,
        "groups": [
            {
                "severity": severity,
                "style": severity if severity in SEVERITIES else "info",
                "mark": SEVERITIES.get(severity, "i"),
                "kind": words(kind),
                "count": number(len(found)),
                "open": len(found) <= 5,
                "shown": found[:20],
                "folded": found[20:LISTED],
                "unlisted": max(0, len(found) - LISTED),
            }
            for (severity, kind), found in ranked
        ],
    }


def _settings(settings, changed):
    if not settings:
        return None
    known = changed is not None
    changed = set(changed or ())
    return {
        "known": known,
        "changed": [(name, plain(value)) for name, value in settings.items() if name in changed],
        "rest": [(name, plain(value)) for name, value in settings.items() if name not in changed],
    }
