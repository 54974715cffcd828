"""The report of a run or a bundle: one HTML page that needs no network and runs no script."""

import base64
import json
import math
import numbers
import re
import struct
from pathlib import Path

import jinja2
import numpy as np

from pipelines import canvas

DASH = "–"
FOLD = 30  # rows of a table before the rest folds away
MATRIX_CELLS = 25  # classes whose confusion matrix can still be read as a table
LISTED = 500  # problems of one kind that the page lists at all; the rest is a count
HOVERS = 200  # most hover bands in one chart
SEVERITIES = {"error": "✕", "warning": "!", "info": "i"}  # worst first, each with its mark
HEAT = (11, 110, 110)  # the page's accent colour, at the full end of the compact matrix
OPERATIONAL = re.compile(r"learning_rate|lr|step|seconds|time|.*_(seconds|ms|mb|per_second)")


def render(context):
    """The page for `context`, a dict whose keys are all optional: a section without its key is left out.

    title, subtitle: str
    headline: [(name, value, unit or hint)]
    notes: [str]
    evaluation: {"split", "examples", name: scalar, ..., "labels": [label], "per_class": {label: {name: value}},
        "matrices": {name: [[count]]}, "curves": {name: {"x", "y", "x_label", "y_label", "diagonal"}}}
        A matrix has truth in rows and predictions in columns, in the order of `labels` (here or in the context) or,
        without them, of `per_class`.
    samples, worst: [{"name": str, "picture": PNG or JPEG bytes or None, "text": str, "loss": number,
        "rows": of canvas.MarkedText, shown in place of "text"}]
    samples_title: str
    files: [{"file", "kind", "size_bytes", "metrics": {name: value}, "drop", "worst_class", "worst_class_drop",
        "max_difference", "latency_ms": {"p50", "p90"}, "passed": bool, "reason"}], sizes in bytes
    reference: {name: value}, the Keras model's metrics, which the files stand beside
    history: [{"epoch": n, name: value, "val_" + name: value}]; numbers may be strings, as csv reads them
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
        "samples": (context.get("samples_title") or "Samples", _pictures(context.get("samples"))),
        "worst": ("Largest losses", _pictures(context.get("worst"))),
        "files": ("Exported files", _files(context.get("files"), context.get("reference"))),
        "history": ("Learning curves", _history(context.get("history"), context.get("best_epoch"))),
        "audit": ("Data", _audit(context.get("audit"))),
        "settings": ("Settings", _settings(context.get("settings"), context.get("changed"))),
        "environment": ("Environment", [(name, plain(v)) for name, v in (context.get("environment") or {}).items()]),
    }
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=context.get("title") or "Report",
            subtitle=context.get("subtitle"),
            headline=[
                (name, _short(value), hint[0] if hint else None) for name, value, *hint in context.get("headline") or []
            ],
            sections={name: {"title": title, "body": body} for name, (title, body) in sections.items() if body},
        )
    )
    # A file name may hold bytes that are no text, which Python keeps as surrogates that UTF-8 cannot write.
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


# ---- numbers and words


def finite(value):
    """`value` as a finite float, or None: for None, NaN, infinities, and text that is no number."""
    try:
        value = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def number(value):
    """A measured value with the digits that a reader can use: 0.91234 -> 0.912, 12345.6 -> 12,346, None -> a dash."""
    value = _item(value)
    if value is None or value == "":
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, numbers.Real):
        return plain(value)
    if math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if isinstance(value, numbers.Integral) or size >= 1000:
        text = f"{size:,.0f}"
    elif size == 1:
        text = "1.000"
    elif size > 1:
        text = f"{size:.1f}" if size >= 100 else f"{size:.2f}"
    elif size == 0:
        text = "0"
    elif size < 0.001:
        text = _scientific(size)
    else:
        # 0.99996 must not read as a perfect 1.000.
        text = next((t for t in (f"{size:.{digits}f}" for digits in range(3, 8)) if float(t) < 1), "<1")
    return ("−" if value < 0 else "") + text


def _short(value):
    """A number that stands alone: no zeros that only align columns, 12.4 rather than 12.40."""
    full, rounded = plain(value), number(value)
    return full if len(full) < len(rounded) and finite(value) is not None and abs(float(value)) > 1 else rounded


def plain(value):
    """A setting's value in full: as it was given, never rounded."""
    value = _item(value)
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(plain(v) for v in value) or DASH
    return str(value)


def words(name):
    """A metric's name for people: `mean_iou` -> `mean iou`."""
    return str(name).replace("_", " ")


def size(size_bytes):
    """A file size in decimal units: 4213000 -> 4.21 MB."""
    size_bytes = finite(size_bytes)
    if size_bytes is None:
        return DASH
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if size_bytes >= scale * 0.9995:
            value = size_bytes / scale
            return (
                f"{value:.2f} {unit}"
                if value < 9.995
                else f"{value:.1f} {unit}"
                if value < 99.95
                else f"{value:.0f} {unit}"
            )
    return f"{size_bytes:.0f} B"


def compact(count):
    """A count in at most five characters: 1234567 -> 1.2M."""
    count = finite(count)
    if count is None:
        return DASH
    for unit, scale in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= scale * (10 if unit == "k" else 0.9995):
            value = count / scale
            return f"{value:.1f}{unit}" if value < 9.95 else f"{value:.0f}{unit}"
    return f"{count:.0f}" if count == int(count) else f"{count:.2f}"


def _item(value):
    """A NumPy scalar as Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def _scientific(value, digits=1):
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


# ---- sections


def _evaluation(context):
    evaluation = dict(context.get("evaluation") or {})
    if not evaluation:
        return None
    split, examples = evaluation.pop("split", None), evaluation.pop("examples", None)
    per_class = evaluation.pop("per_class", None) or {}
    labels = evaluation.pop("labels", None) or context.get("labels") or list(per_class)
    matrices = evaluation.pop("matrices", None) or {}
    curves = evaluation.pop("curves", None) or {}
    return {
        "split": split,
        "examples": examples,
        "scalars": list(_scalars(evaluation)),
        "per_class": _per_class(per_class),
        "matrices": [m for m in (_matrix(name, counts, labels) for name, counts in matrices.items()) if m],
        "curves": [c for c in (_curve(name, curve) for name, curve in curves.items()) if c],
    }


def _scalars(metrics, prefix=""):
    """(name, value) of everything in `metrics` that is a single value; nested names are joined."""
    for name, value in metrics.items():
        if isinstance(value, dict):
            yield from _scalars(value, f"{prefix}{words(name)} · ")
        elif not isinstance(value, np.ndarray):
            value = ", ".join(map(number, value)) if isinstance(value, (list, tuple)) else value
            yield f"{prefix}{words(name)}", value


def _per_class(per_class):
    if not per_class:
        return None
    rows = {label: m if isinstance(m, dict) else {"value": m} for label, m in per_class.items()}
    return _bar_table("Every class by itself", rows, mark_lowest=True)


def _bar_table(caption, rows, mark_lowest=False):
    """{row label: {column: value}} -> a table of numbers, each over a bar.

    Bars of a column whose values all lie in [0, 1] show that range; others show shares of the column's largest value.
    """
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    columns = []
    for name in names:
        values = [v for v in (finite(row.get(name)) for row in rows.values()) if v is not None]
        counts = all(isinstance(_item(row.get(name)), numbers.Integral | None) for row in rows.values())
        low, high = min(values, default=0), max(values, default=0)
        unit = not counts and low >= 0 and high <= 1
        scale = 1 if unit else high
        columns.append(
            {
                "name": words(name),
                "scale": scale if low >= 0 else 0,
                "low": low if mark_lowest and unit and low < high else None,
                "characters": max(6, *(len(number(row.get(name))) for row in rows.values())),
            }
        )
    body = []
    for label, row in rows.items():
        cells = []
        for name, column in zip(names, columns, strict=True):
            value = finite(row.get(name))
            share = value / column["scale"] if value is not None and column["scale"] > 0 else None
            text, lowest = number(row.get(name)), value is not None and value == column["low"]
            cells.append({"text": text, "share": share, "lowest": lowest, "exact": plain(row.get(name))})
        body.append({"label": label, "cells": cells})
    # One row more than the fold is shorter than the line that would fold it.
    shown = len(body) if len(body) <= FOLD + 1 else FOLD
    return {"caption": caption, "columns": columns, "rows": body[:shown], "folded": body[shown:]}


def _matrix(name, counts, labels):
    counts = np.nan_to_num(np.asarray(counts, np.float64))
    if counts.ndim != 2 or not counts.size:
        return None
    named = [*map(str, labels), "background"]  # detectors have one more, for what is nothing
    truths, predictions = (
        named[:n] if n in (len(labels), len(named)) else [str(i) for i in range(n)] for n in counts.shape
    )
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.clip(np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0), 0, 1)

    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:15]
    pairs = [(i, j) for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True) if wrong[i, j] > 0]
    matrix = {
        "name": words(name),
        "shape": counts.shape,
        "pairs": [
            {
                "truth": truths[i],
                "prediction": predictions[j],
                "count": number(_whole(counts[i, j])),
                "total": number(_whole(totals[i, 0])),
                "share": shares[i, j],
                "percent": _percent(shares[i, j]),
            }
            for i, j in pairs
        ],
    }
    if max(counts.shape) > MATRIX_CELLS:
        return matrix | {"picture": _heat(shares)}
    rows = [
        {
            "label": truths[i],
            "cells": [
                {
                    "text": compact(count) if count else "·",
                    "hover": f"{truths[i]} → {predictions[j]}: {number(_whole(count))} ({_percent(shares[i, j])})",
                    "shade": f"{_shade(shares[i, j]):.2f}",
                    "diagonal": i == j,
                    # Where white text on the light page, and black on the dark one, begins to be the more legible.
                    "deep": (" a" if _shade(shares[i, j]) > 0.865 else "")
                    + (" b" if _shade(shares[i, j]) > 0.575 else ""),
                }
                for j, count in enumerate(row)
            ],
        }
        for i, row in enumerate(counts)
    ]
    legend = [{"percent": _percent(share), "shade": f"{_shade(share):.2f}"} for share in (0, 0.05, 0.2, 0.5, 1)]
    return matrix | {"columns": predictions, "rows": rows, "legend": legend}


def _shade(share):
    return share**0.6  # lifts the few per cent that confusions are made of; the legend uses it too


def _whole(value):
    return int(value) if value == int(value) else value


def _percent(share):
    return f"{100 * share:.0f}%" if share >= 0.01 or share == 0 else "<1%"


def _heat(shares):
    """Shares (N, M) -> a data URI of a picture of at least 520 pixels where that takes enlarging."""
    factor = max(1, math.ceil(520 / max(shares.shape)))
    shades = _shade(shares).repeat(factor, axis=0).repeat(factor, axis=1)[..., None]
    return _data_uri(canvas.png((255 + shades * (np.array(HEAT) - 255.0)).round().astype(np.uint8)))


def _pictures(items):
    return [_picture(item) for item in items or []]


def _picture(item):
    picture = item.get("picture")
    width, height = _png_size(picture)
    return {
        "name": item.get("name"),
        "text": item.get("text"),
        "rows": item.get("rows"),
        "loss": item.get("loss"),
        "source": _data_uri(picture) if picture else None,
        "width": width,
        "height": height,
        "tiny": width is not None and max(width, height) < 128,
    }


def _png_size(data):
    """(width, height) in pixels, or (None, None) where `data` is no PNG."""
    if data and data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        return struct.unpack(">II", data[16:24])
    return None, None


def _data_uri(data):
    kind = "jpeg" if data[:2] == b"\xff\xd8" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _files(files, reference):
    if not files:
        return None
    reference = reference or {}
    metrics = list(
        dict.fromkeys(
            name
            for source in (reference, *(file.get("metrics") or {} for file in files))
            for name, value in source.items()
            if isinstance(_item(value), numbers.Real) and name not in ("examples", "size_bytes")
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
        row(f, f.get("metrics") or {}, {True: "passed", False: "failed"}.get(_item(f.get("passed")), "unknown"))
        for f in files
    ]
    if reference:
        model = {"file": "Keras model", "kind": "reference", "size_bytes": reference.get("size_bytes")}
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


def _history(history, best_epoch):
    history = list(history or [])
    if not history:
        return None
    names = [name for name in dict.fromkeys(n for row in history for n in row) if name and name != "epoch"]
    epochs = [finite(row.get("epoch")) for row in history]
    if None in epochs:
        epochs = [float(i + 1) for i in range(len(history))]
    best = finite(best_epoch)
    best = best if best in epochs else None
    twins = {name.removeprefix("val_") for name in names if name.startswith("val_")}
    charts, others = [], []
    for name in dict.fromkeys(name.removeprefix("val_") for name in names):
        series = {
            label: [finite(row.get(column)) for row in history]
            for label, column in (("train", name), ("val", f"val_{name}"))
            if column in names
        }
        series = {label: values for label, values in series.items() if any(v is not None for v in values)}
        lost = sum(
            row.get(column) not in (None, "") and finite(row.get(column)) is None
            for row in history
            for column in (name, f"val_{name}")
        )
        apart = name not in twins and (bool(twins) or bool(OPERATIONAL.fullmatch(name)))
        if series:
            chart = _chart(words(name), epochs, series, None if apart else best, (300, 150) if apart else (420, 236))
            (others if apart else charts).append(chart | {"lost": lost})
    if not charts and not others:
        return None
    return {"charts": charts, "others": others, "epochs": len(history), "best": None if best is None else f"{best:g}"}


def _audit(audit):
    if not audit:
        return None
    sizes = [(split, number(n)) for split, n in (audit.get("counts") or {}).items()]
    by_split = audit.get("class_counts") or {}
    labels = dict.fromkeys(label for split in by_split.values() for label in split)
    rows = {label: {split: split_counts.get(label, 0) for split, split_counts in by_split.items()} for label in labels}
    balance, sentence = None, None
    if rows:
        balance = _bar_table("Examples of each class by split", rows)
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
    absent = [(split, [label for label in labels if not counts.get(label)]) for split, counts in by_split.items()]
    problems = audit.get("problems")
    groups = {}
    for problem in problems or []:
        severity = str(problem.get("severity") or "info").lower()
        groups.setdefault((severity, str(problem.get("kind") or "other")), []).append(problem)
    order = list(SEVERITIES)
    ranked = sorted(groups.items(), key=lambda g: order.index(g[0][0]) if g[0][0] in order else len(order))
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


# ---- charts: geometry here, marks in the template


def _chart(title, xs, series, best, shape):
    """Lines over whole epochs: {label: values, None for a gap} -> what the template's `chart` draws."""
    low, high = _range(v for values in series.values() for v in values)
    # Accuracies stay linear however small they start; a loss that falls by orders of magnitude would be all floor.
    log = low > 0 and high > 1 and high / low > 200 and not title.startswith("learning rate")
    plot = _Plot(shape, (min(xs), max(xs)), (low, high), log=log, whole=True)
    lines, ends = [], []
    for label, values in series.items():
        last = next(v for v in reversed(values) if v is not None)
        named = len(series) > 1 or label == "val"
        lines.append({"style": "main" if label == "val" or len(series) == 1 else "side", "path": plot.path(xs, values)})
        ends.append(
            {
                "y": plot.y(last),
                "text": f"{label} {number(last)}" if named else number(last),
                "style": lines[-1]["style"],
            }
        )
    _spread(ends, plot.top + 4, plot.bottom, 15)
    dot = None
    if best is not None:
        values = series.get("val", next(iter(series.values())))
        value = values[xs.index(best)]
        dot = {"x": plot.x(best), "y": None if value is None else plot.y(value), "text": f"best {best:g}"}
        dot["anchor"] = "end" if dot["x"] > (plot.left + plot.right) / 2 else "start"
    summary = "; ".join(
        f"{label} from {number(found[0])} to {number(found[-1])}"
        for label, found in ((label, [v for v in values if v is not None]) for label, values in series.items())
    )
    return plot.frame() | {
        "title": title,
        "log": log,
        "lost": 0,
        "lines": lines,
        "ends": ends,
        "best": dot,
        "diagonal": None,
        "bands": plot.bands(xs, series),
        "corner": "epoch",
        "summary": f"{title} by epoch: {summary}" + (f"; best epoch {best:g}" if best is not None else ""),
    }


def _curve(name, curve):
    """A line through given points, such as precision over recall."""
    points = [(finite(x), finite(y)) for x, y in zip(curve.get("x", ()), curve.get("y", ()), strict=False)]
    found = [(x, y) for x, y in points if x is not None and y is not None]
    if not found:
        return None
    xs, ys = zip(*found, strict=True)
    x_range, y_range = _range(xs), _range(ys)
    if min(*x_range, *y_range) >= 0 and max(*x_range, *y_range) <= 1:
        x_range = y_range = (0, 1)
    x_label, y_label = curve.get("x_label") or "x", curve.get("y_label") or "y"
    plot = _Plot((330, 300), x_range, y_range, right=14, bottom=42, top=26)
    start, end = max(x_range[0], y_range[0]), min(x_range[1], y_range[1])
    diagonal = None
    if curve.get("diagonal") and start < end:
        diagonal = (plot.x(start), plot.y(start), plot.x(end), plot.y(end))
    kept = found[:: math.ceil(len(found) / 60)]
    bands = [
        {"x0": round(plot.x(x) - 6, 1), "width": 12, "y0": round(plot.y(y) - 6, 1), "height": 12, "x": plot.x(x)}
        | {"dots": [plot.y(y)], "hover": f"{x_label} {number(x)}\n{y_label} {number(y)}", "guide": False}
        for x, y in kept
    ]
    return plot.frame() | {
        "title": words(name),
        "log": False,
        "lost": 0,
        "lines": [{"style": "main", "path": plot.path([p[0] for p in points], [p[1] for p in points])}],
        "ends": [],
        "best": None,
        "diagonal": diagonal,
        "corner": None,
        "bands": bands,
        "x_label": x_label,
        "y_label": y_label,
        "summary": f"{words(name)}: {y_label} over {x_label}, {len(found)} points",
    }


class _Plot:
    """One chart's scales: data to the pixels of its view box."""

    def __init__(self, shape, x_range, y_range, log=False, whole=False, right=70, bottom=26, top=14):
        self.width, self.height = shape
        self.left, self.right, self.top, self.bottom = 46, self.width - right, top, self.height - bottom
        self.log = log
        (self.x0, self.x1), self.x_ticks = x_range, ticks(*x_range, count=5, whole=whole)
        if log:
            low, high = math.floor(math.log10(y_range[0])), math.ceil(math.log10(y_range[1]))
            step = max(1, math.ceil((high - low) / 5))
            self.y_ticks = [10.0**e for e in range(low, high + 1, step)]
            self.y0, self.y1 = low, high
        else:
            self.y_ticks = ticks(*y_range, count=4 if self.height > 180 else 2)
            self.y0, self.y1 = min(self.y_ticks[0], y_range[0]), max(self.y_ticks[-1], y_range[1])

    def x(self, value):
        share = (value - self.x0) / (self.x1 - self.x0) if self.x1 > self.x0 else 0.5
        return round(self.left + share * (self.right - self.left), 1)

    def y(self, value):
        value = math.log10(value) if self.log else value
        return round(self.bottom - (value - self.y0) / (self.y1 - self.y0) * (self.bottom - self.top), 1)

    def frame(self):
        edges = {name: getattr(self, name) for name in ("width", "height", "left", "right", "top", "bottom")}
        xs = [t for t in self.x_ticks if self.x0 <= t <= self.x1]
        x_texts, y_texts = _tick_texts(xs), _tick_texts(self.y_ticks, self.log)
        return edges | {
            "x_ticks": [(self.x(t), text) for t, text in zip(xs, x_texts, strict=True)],
            "y_ticks": [(self.y(t), text) for t, text in zip(self.y_ticks, y_texts, strict=True)],
            "x_label": None,
            "y_label": None,
        }

    def path(self, xs, ys):
        """SVG path data; a point between two gaps becomes a stroke of no length, which round caps show as a dot."""
        parts, run = [], []
        for x, y in (*_thinned(xs, ys), (None, None)):
            if x is not None and y is not None:
                run.append(f"{self.x(x)},{self.y(y)}")
            elif run:
                parts.append(f"M{' L'.join(run)}" + ("h0" if len(run) == 1 else ""))
                run = []
        return " ".join(parts)

    def bands(self, xs, series):
        """Columns to hover over, one for each epoch, whose text gives every series at that epoch."""
        kept = range(0, len(xs), math.ceil(len(xs) / HOVERS))
        half = (self.right - self.left) / max(1, len(kept) - 1) / 2
        bands = []
        for i in kept:
            x = self.x(xs[i])
            x0, x1 = max(self.left, x - half), min(self.right, x + half)
            values = {label: values[i] for label, values in series.items()}
            lines = [f"{label} {number(v)}" for label, v in values.items()]
            bands.append(
                {
                    "x0": round(x0, 1),
                    "width": round(x1 - x0, 1),
                    "y0": self.top,
                    "height": self.bottom - self.top,
                    "x": x,
                }
                | {"dots": [self.y(v) for v in values.values() if v is not None], "guide": True}
                | {"hover": "\n".join([f"epoch {xs[i]:g}", *lines])}
            )
        return bands


def ticks(low, high, count, whole=False):
    """About `count` round numbers that span low..high; whole numbers on request."""
    if not high > low:
        margin = abs(low) * 0.1 or 1.0
        low, high = (low, high) if whole else (low - margin, high + margin)
        if whole:
            return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    if whole:
        step = max(1, math.ceil(step))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def _tick_texts(values, log=False):
    largest = max((abs(v) for v in values), default=0)
    if log or 0 < largest < 1e-3:
        return ["0" if v == 0 else f"{v:g}" if 1e-3 <= abs(v) < 1e4 else _scientific(v) for v in values]
    if largest >= 1e4:
        return [("−" if v < 0 else "") + compact(abs(v)) for v in values]
    digits = max((len(f"{v:.10g}".partition(".")[2]) for v in values if "e" not in f"{v:.10g}"), default=0)
    return [f"{v:.{digits}f}".replace("-", "−") for v in values]


def _range(values):
    values = [v for v in values if v is not None]
    return min(values), max(values)


def _thinned(xs, ys, buckets=250):
    """The points in order; beyond two a bucket, the lowest and the highest of each, so that no spike is lost."""
    points = list(zip(xs, ys, strict=True))
    if len(points) <= 2 * buckets:
        return points
    kept, length = [], math.ceil(len(points) / buckets)
    for start in range(0, len(points), length):
        bucket = [p for p in points[start : start + length] if p[0] is not None and p[1] is not None]
        if not bucket:
            kept.append((None, None))
            continue
        low, high = min(bucket, key=lambda p: p[1]), max(bucket, key=lambda p: p[1])
        kept += [low] if low is high else [low, high] if bucket.index(low) < bucket.index(high) else [high, low]
    return kept


def _spread(labels, top, bottom, distance):
    """Moves the `y` of two labels apart until they do not overlap."""
    labels.sort(key=lambda label: label["y"])
    if len(labels) == 2:
        missing = distance - (labels[1]["y"] - labels[0]["y"])
        if missing > 0:
            middle = min(max((labels[0]["y"] + labels[1]["y"]) / 2, top + distance / 2), bottom - distance / 2)
            labels[0]["y"], labels[1]["y"] = round(middle - distance / 2, 1), round(middle + distance / 2, 1)
