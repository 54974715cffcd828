"""The report's charts: what each of them shows; the template draws it."""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.engine.report.numbers import finite, number, words
from pipelines.engine.report.plot import Margins, Plot, Value, extent

OPERATIONAL = re.compile(r"learning_rate|lr|step|seconds|time|.*_(seconds|ms|mb|per_second)")
LARGE, SMALL = (420, 236), (300, 150)  # pixels of a learning curve's chart
APART = 15  # pixels between the texts at the ends of two lines
POINTS = 60  # of a curve that can be hovered over
HOVER = 12  # pixels of such a point's square
MAP = (700, 520)  # pixels of a map of names
COLOURS = 10  # of the groups of a map; more groups share them


@dataclass(frozen=True)
class _Metric:
    """One metric over the epochs.

    series: "train" and "val", as far as one has a value -> a value an epoch, None for a gap.
    lost: how many of the recorded values are not finite.
    """

    name: str
    series: dict[str, list[Value]]
    lost: int

    @property
    def main(self) -> str:
        """The series that the metric is read by: validation if there is any."""
        return list(self.series)[-1]

    @property
    def is_flat(self) -> bool:
        """Whether no series ever changes, over more epochs than one."""
        values = list(self.series.values())
        return len(values[0]) > 1 and all(len(set(series)) == 1 for series in values)


def history_charts(history: Sequence[Mapping], best_epoch: object) -> dict | None:
    """The learning curves for the template; None without one finite value.

    history, best_epoch: see `page.render`. Metrics that are not validated while others are, such
    as the learning rate, stand with the small charts, and so does what never changes.
    """
    epochs = _epochs(history)
    best = finite(best_epoch)
    best = best if best in epochs else None
    metrics, validated = _metrics(history), _validated(history)
    if not metrics:
        return None
    charts, others = [], []
    for metric in metrics:
        if _is_small(metric, validated):
            others.append(_chart(metric, epochs, None, SMALL))
        else:
            charts.append(_chart(metric, epochs, best, LARGE))
    return {
        "charts": charts,
        "others": others,
        "epochs": len(history),
        "best": None if best is None else f"{best:g}",
    }


def _epochs(history: Sequence[Mapping]) -> list[float]:
    """The number of each row's epoch; counted from 1 if one has none."""
    epochs = [finite(row.get("epoch")) for row in history]
    return [float(i + 1) for i in range(len(history))] if None in epochs else epochs


def _columns(history: Sequence[Mapping]) -> list[str]:
    """All names but the epoch's, in the order of their first row."""
    names = dict.fromkeys(itertools.chain.from_iterable(history))
    return [name for name in names if name and name != "epoch"]


def _validated(history: Sequence[Mapping]) -> set[str]:
    """The metrics that have a value for the validation split."""
    names = [name for name in _columns(history) if name.startswith("val_")]
    return {name.removeprefix("val_") for name in names}


def _is_small(metric: _Metric, validated: set[str]) -> bool:
    """Whether this tells nothing, or rather of the machine than of the model."""
    if metric.is_flat:
        return True
    if metric.name in validated:
        return False
    return bool(validated) or bool(OPERATIONAL.fullmatch(metric.name))


def _metrics(history: Sequence[Mapping]) -> list[_Metric]:
    """Each metric with its values in training and in validation, if it has one that is finite."""
    names = dict.fromkeys(name.removeprefix("val_") for name in _columns(history))
    metrics = [_metric(name, history) for name in names]
    return [metric for metric in metrics if metric.series]


def _metric(name: str, history: Sequence[Mapping]) -> _Metric:
    series, lost = {}, 0
    for label, column in (("train", name), ("val", f"val_{name}")):
        given = [row.get(column) for row in history]
        values = list(map(finite, given))
        if set(values) != {None}:
            series[label] = values
        lost += values.count(None) - given.count(None) - given.count("")
    return _Metric(name, series, lost)


def _chart(
    metric: _Metric, epochs: list[float], best: float | None, shape: tuple[int, int]
) -> dict:
    """Lines over whole epochs -> what the template's `chart` draws."""
    title = words(metric.name)
    low, high = extent(itertools.chain(*metric.series.values()))
    # Accuracies stay linear however small they start; a loss that falls by orders of magnitude
    # would be all floor.
    falls = low > 0 and high > 1 and high / low > 200
    log = falls and not title.startswith("learning rate")
    plot = Plot(shape, extent(epochs), (low, high), log=log, whole=True)
    return plot.frame() | {
        "title": title,
        "log": log,
        "lost": metric.lost,
        "lines": _lines(metric, epochs, plot),
        "ends": _ends(metric, plot),
        "best": None if best is None else _dot(metric, epochs, best, plot),
        "diagonal": None,
        "bands": plot.bands(epochs, metric.series),
        "corner": "epoch",
        "summary": _summary(title, metric, best),
    }


def _lines(metric: _Metric, epochs: list[float], plot: Plot) -> list[dict]:
    lines = []
    for label, values in metric.series.items():
        path = plot.path(list(zip(epochs, values, strict=True)))
        lines.append({"style": _style(label, metric), "path": path})
    return lines


def _ends(metric: _Metric, plot: Plot) -> list[dict]:
    """The last value of each line, as a text at its end; the upper one first."""
    ends = []
    named = list(metric.series) != ["train"]
    for label, values in metric.series.items():
        _, last = _first_and_last(values)
        text = f"{label} {number(last)}" if named else number(last)
        ends.append({"y": plot.y(last), "text": text, "style": _style(label, metric)})
    ends.sort(key=lambda end: end["y"])
    if len(ends) == 2:
        _move_apart(*ends, plot.top + 4, plot.bottom)
    return ends


def _style(label: str, metric: _Metric) -> str:
    return "main" if label == metric.main else "side"


def _move_apart(upper: dict, lower: dict, top: int, bottom: int) -> None:
    """Moves two texts apart until they do not overlap, within top..bottom, pixels."""
    if lower["y"] - upper["y"] >= APART:
        return
    middle = max((upper["y"] + lower["y"]) / 2, top + APART / 2)
    middle = min(middle, bottom - APART / 2)
    upper["y"], lower["y"] = round(middle - APART / 2, 1), round(middle + APART / 2, 1)


def _dot(metric: _Metric, epochs: list[float], best: float, plot: Plot) -> dict:
    """The mark of the best epoch. y is None in a gap."""
    value = metric.series[metric.main][epochs.index(best)]
    x = plot.x(best)
    return {
        "x": x,
        "y": None if value is None else plot.y(value),
        "text": f"best {best:g}",
        "anchor": "end" if x > (plot.left + plot.right) / 2 else "start",
    }


def _summary(title: str, metric: _Metric, best: float | None) -> str:
    """The chart in words."""
    told = []
    for label, values in metric.series.items():
        first, last = _first_and_last(values)
        told.append(f"{label} from {number(first)} to {number(last)}")
    if best is not None:
        told.append(f"best epoch {best:g}")
    return f"{title} by epoch: {'; '.join(told)}"


def _first_and_last(values: Sequence[Value]) -> tuple[float, float]:
    found = [value for value in values if value is not None]
    return found[0], found[-1]


def curve_chart(name: str, curve: Mapping, shape: tuple[int, int] = (330, 300)) -> dict | None:
    """A line through given points, such as precision over recall; None without one finite point.

    curve: see `page.render`. shape: (width, height) of the chart, pixels.
    """
    if curve.get("names"):
        return _map(name, curve)
    given = zip(curve.get("x", ()), curve.get("y", ()), strict=False)
    points = [(finite(x), finite(y)) for x, y in given]
    found = [point for point in points if None not in point]
    if not found:
        return None
    x_range, y_range = _ranges(found)
    x_label, y_label = curve.get("x_label") or "x", curve.get("y_label") or "y"
    plot = Plot(shape, x_range, y_range, margins=Margins(right=14, bottom=42, top=26))
    return plot.frame() | {
        "title": words(name),
        "log": False,
        "lost": 0,
        "lines": [{"style": "main", "path": plot.path(points)}],
        "ends": [],
        "best": None,
        "diagonal": _diagonal(x_range, y_range, plot) if curve.get("diagonal") else None,
        "corner": None,
        "bands": _bands(found, plot, x_label, y_label),
        "x_label": x_label,
        "y_label": y_label,
        "summary": f"{words(name)}: {y_label} over {x_label}, {len(found)} points",
    }


def _map(name: str, curve: Mapping) -> dict | None:
    """Names at their places, with what there is to say of each, in place of a line.

    Those of one group, a number, have one colour; one below 0 has none.
    """
    notes = curve.get("notes") or [""] * len(curve["names"])
    groups = curve.get("groups") or [-1] * len(curve["names"])
    given = zip(curve["x"], curve["y"], curve["names"], notes, groups, strict=False)
    points = [point for point in given if None not in (finite(point[0]), finite(point[1]))]
    if not points:
        return None
    xs, ys, names, notes, groups = zip(*points, strict=True)
    plot = Plot(MAP, extent(xs), extent(ys), margins=Margins(right=60, bottom=42, top=26))
    labels = []
    for x, y, text, note, group in zip(xs, ys, names, notes, groups, strict=True):
        label = {"x": plot.x(x), "y": plot.y(y), "text": text, "hover": f"{text}\n{note}".strip()}
        labels.append(label | {"group": f" group-{group % COLOURS}" if group >= 0 else ""})
    return plot.frame() | {
        "title": words(name),
        "log": False,
        "lost": 0,
        "lines": [],
        "ends": [],
        "best": None,
        "diagonal": None,
        "corner": None,
        "bands": [],
        "x_label": "",
        "y_label": "",
        "labels": labels,
        "summary": f"{words(name)}: {len(points)} names, those that are alike near each other",
    }


def _ranges(
    points: list[tuple[float, float]],
) -> tuple[tuple[float, float], tuple[float, float]]:
    """(low, high) of x and of y; [0, 1] for both if all values are shares."""
    xs, ys = zip(*points, strict=True)
    if min(*xs, *ys) >= 0 and max(*xs, *ys) <= 1:
        return (0, 1), (0, 1)
    return extent(xs), extent(ys)


def _diagonal(
    x_range: tuple[float, float], y_range: tuple[float, float], plot: Plot
) -> tuple[float, ...] | None:
    """x, y of the start and of the end of the line on which both are equal, pixels."""
    start, end = max(x_range[0], y_range[0]), min(x_range[1], y_range[1])
    if start >= end:
        return None
    return plot.x(start), plot.y(start), plot.x(end), plot.y(end)


def _bands(points: list[tuple[float, float]], plot: Plot, x_label: str, y_label: str) -> list[dict]:
    """Squares to hover over, around some of the points."""
    bands = []
    for x, y in points[:: math.ceil(len(points) / POINTS)]:
        band = {
            "x0": round(plot.x(x) - HOVER / 2, 1),
            "width": HOVER,
            "y0": round(plot.y(y) - HOVER / 2, 1),
            "height": HOVER,
            "x": plot.x(x),
            "dots": [plot.y(y)],
            "hover": f"{x_label} {number(x)}\n{y_label} {number(y)}",
            "guide": False,
        }
        bands.append(band)
    return bands
