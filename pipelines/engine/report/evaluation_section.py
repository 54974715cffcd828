"""The report's section of metrics: single numbers, by class, matrices and curves."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from pipelines.engine.report.charts import curve_chart
from pipelines.engine.report.defaults import given
from pipelines.engine.report.numbers import is_number, number, words
from pipelines.engine.report.tables import bar_table, matrix_table

FEW = 4  # curves that are drawn large
LARGE, SMALL = (330, 300), (220, 190)  # pixels of a curve's chart
NOT_JUDGED = "not judged"  # what stands for the numbers of a class without an example
CURVES = 24  # before the rest folds away
PARTS = {  # what is no metric, with what stands in for it
    "split": None,
    "examples": None,
    "below_floor": "",
    "doubts": (),
    "labels": (),
    "per_class": {},
    "importance": {},
    "texts": {},
    "references": {},
    "matrices": {},
    "curves": {},
}


def evaluation_section(evaluation: Mapping, labels: Sequence) -> dict | None:
    """`evaluation` and `labels` of `page.render` for the template; None without any metric."""
    if not evaluation:
        return None
    metrics = {name: value for name, value in evaluation.items() if name not in PARTS}
    parts = given(evaluation, PARTS)
    # Without classes, a metric tells of pictures by name.
    what = "class" if labels else "picture"
    names = parts["labels"] or labels or list(parts["per_class"])
    return {
        "split": parts["split"],
        "examples": parts["examples"],
        "scalars": list(_scalars(metrics)),
        "references": _compared(metrics, parts["references"]),
        "per_class": _per_class(parts["per_class"], what),
        "importance": _importance(parts["importance"]),
        "texts": parts["texts"],
        "matrices": _matrices(parts["matrices"], names),
        "curves": _curves(parts["curves"]),
    }


def _scalars(metrics: Mapping, prefix: str = "") -> Iterator[tuple[str, object]]:
    """(name, value) of everything in `metrics` that is a single value; nested names are joined."""
    for name, value in metrics.items():
        name = f"{prefix}{words(name)}"
        if isinstance(value, dict):
            yield from _scalars(value, f"{name} · ")
        elif isinstance(value, (list, tuple)):
            yield name, ", ".join(map(number, value))
        elif not isinstance(value, np.ndarray):
            yield name, value


def _compared(metrics: Mapping, references: Mapping[str, Mapping]) -> dict | None:
    """The run's own single numbers over those of its baselines."""
    if not references:
        return None
    own = {name: value for name, value in metrics.items() if is_number(value)}
    rows = {"this run": own}
    for name, values in references.items():
        rows[words(name)] = {metric: values[metric] for metric in own if metric in values}
    return bar_table("This run and its baselines", rows)


def _per_class(per_class: Mapping, what: str) -> dict | None:
    if not per_class:
        return None
    rows = {}
    for label, values in per_class.items():
        row = values if isinstance(values, dict) else {"value": values}
        rows[label] = {name: _judged(value) for name, value in row.items()}
    return {"what": what, "table": bar_table(f"Every {what} by itself", rows, mark_lowest=True)}


def _importance(importance: Mapping[str, float]) -> dict | None:
    """What the first score loses if a column is shuffled, the most important first."""
    rows = {name: {"loss of score": max(0.0, value)} for name, value in importance.items()}
    return bar_table("What the score loses if a column is shuffled", rows) if rows else None


def _judged(value: object) -> object:
    """A value of a class, in words if it has no example."""
    return NOT_JUDGED if value is None else value


def _matrices(matrices: Mapping, labels: Sequence) -> list[dict]:
    tables = [matrix_table(name, counts, labels) for name, counts in matrices.items()]
    return [table for table in tables if table]


def _curves(curves: Mapping[str, Mapping]) -> dict | None:
    """Charts of the curves, with the number that does not fold away."""
    is_large = len(curves) <= FEW
    shape = LARGE if is_large else SMALL
    charts = [curve_chart(name, curve, shape) for name, curve in curves.items()]
    drawn = list(filter(None, charts))
    return {"large": is_large, "shown": drawn[:CURVES], "folded": drawn[CURVES:]} if drawn else None
