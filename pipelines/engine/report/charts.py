"""The report's charts: geometry here, marks in the template."""

import math
import re

from pipelines.engine.report.numbers import compact, finite, number, scientific, words

HOVERS = 200  # most hover bands in one chart
OPERATIONAL = re.compile(r"learning_rate|lr|step|seconds|time|.*_(seconds|ms|mb|per_second)")


def history_charts(history, best_epoch):
    history = list(history or [])
    if not history:
        return None
    names = [
        name
        for name in dict.fromkeys(n for row in history for n in row)
        if name and name != "epoch"
    ]
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
        series = {
            label: values for label, values in series.items() if any(v is not None for v in values)
        }
        lost = sum(
            row.get(column) not in (None, "") and finite(row.get(column)) is None
            for row in history
            for column in (name, f"val_{name}")
        )
        flat = len(history) > 1 and all(len(set(values)) == 1 for values in series.values())
        apart = flat or name not in twins and (bool(twins) or bool(OPERATIONAL.fullmatch(name)))
        if series:
            chart = _chart(
                words(name),
                epochs,
                series,
                None if apart else best,
                (300, 150) if apart else (420, 236),
            )
            (others if apart else charts).append(chart | {"lost": lost})
    if not charts and not others:
        return None
    return {
        "charts": charts,
        "others": others,
        "epochs": len(history),
        "best": None if best is None else f"{best:g}",
    }


def _chart(title, xs, series, best, shape):
    """Lines over whole epochs: {label: values, None for a gap} -> what the template's `chart` draws."""
    low, high = _range(v for values in series.values() for v in values)
    # Accuracies stay linear however small they start; a loss that falls by orders of magnitude
    # would be all floor.
    log = low > 0 and high > 1 and high / low > 200 and not title.startswith("learning rate")
    plot = _Plot(shape, (min(xs), max(xs)), (low, high), log=log, whole=True)
    lines, ends = [], []
    for label, values in series.items():
        last = next(v for v in reversed(values) if v is not None)
        named = len(series) > 1 or label == "val"
        lines.append(
            {
                "style": "main" if label == "val" or len(series) == 1 else "side",
                "path": plot.path(xs, values),
            }
        )
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
        dot = {
            "x": plot.x(best),
            "y": None if value is None else plot.y(value),
            "text": f"best {best:g}",
        }
        dot["anchor"] = "end" if dot["x"] > (plot.left + plot.right) / 2 else "start"
    summary = "; ".join(
        f"{label} from {number(found[0])} to {number(found[-1])}"
        for label, found in (
            (label, [v for v in values if v is not None]) for label, values in series.items()
        )
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
        "summary": (
            f"{title} by epoch: {summary}" + (f"; best epoch {best:g}" if best is not None else "")
        ),
    }


def curve_chart(name, curve, shape=(330, 300)):
    """A line through given points, such as precision over recall. shape: of the chart, pixels."""
    points = [
        (finite(x), finite(y)) for x, y in zip(curve.get("x", ()), curve.get("y", ()), strict=False)
    ]
    found = [(x, y) for x, y in points if x is not None and y is not None]
    if not found:
        return None
    xs, ys = zip(*found, strict=True)
    x_range, y_range = _range(xs), _range(ys)
    if min(*x_range, *y_range) >= 0 and max(*x_range, *y_range) <= 1:
        x_range = y_range = (0, 1)
    x_label, y_label = curve.get("x_label") or "x", curve.get("y_label") or "y"
    plot = _Plot(shape, x_range, y_range, right=14, bottom=42, top=26)
    start, end = max(x_range[0], y_range[0]), min(x_range[1], y_range[1])
    diagonal = None
    if curve.get("diagonal") and start < end:
        diagonal = (plot.x(start), plot.y(start), plot.x(end), plot.y(end))
    kept = found[:: math.ceil(len(found) / 60)]
    bands = [
        {
            "x0": round(plot.x(x) - 6, 1),
            "width": 12,
            "y0": round(plot.y(y) - 6, 1),
            "height": 12,
            "x": plot.x(x),
        }
        | {
            "dots": [plot.y(y)],
            "hover": f"{x_label} {number(x)}\n{y_label} {number(y)}",
            "guide": False,
        }
        for x, y in kept
    ]
    return plot.frame() | {
        "title": words(name),
        "log": False,
        "lost": 0,
        "lines": [
            {"style": "main", "path": plot.path([p[0] for p in points], [p[1] for p in points])}
        ],
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

    def __init__(
        self, shape, x_range, y_range, log=False, whole=False, right=70, bottom=26, top=14
    ):
        self.width, self.height = shape
        self.left, self.right, self.top, self.bottom = (
            46,
            self.width - right,
            top,
            self.height - bottom,
        )
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
        return round(
            self.bottom - (value - self.y0) / (self.y1 - self.y0) * (self.bottom - self.top), 1
        )

    def frame(self):
        edges = {
            name: getattr(self, name)
            for name in ("width", "height", "left", "right", "top", "bottom")
        }
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
        return [
            "0" if v == 0 else f"{v:g}" if 1e-3 <= abs(v) < 1e4 else scientific(v) for v in values
        ]
    if largest >= 1e4:
        return [("−" if v < 0 else "") + compact(abs(v)) for v in values]
    digits = max(
        (len(f"{v:.10g}".partition(".")[2]) for v in values if "e" not in f"{v:.10g}"), default=0
    )
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
        bucket = [
            p for p in points[start : start + length] if p[0] is not None and p[1] is not None
        ]
        if not bucket:
            kept.append((None, None))
            continue
        low, high = min(bucket, key=lambda p: p[1]), max(bucket, key=lambda p: p[1])
        kept += (
            [low]
            if low is high
            else [low, high]
            if bucket.index(low) < bucket.index(high)
            else [high, low]
        )
    return kept


def _spread(labels, top, bottom, distance):
    """Moves the `y` of two labels apart until they do not overlap."""
    labels.sort(key=lambda label: label["y"])
    if len(labels) == 2:
        missing = distance - (labels[1]["y"] - labels[0]["y"])
        if missing > 0:
            middle = min(
                max((labels[0]["y"] + labels[1]["y"]) / 2, top + distance / 2),
                bottom - distance / 2,
            )
            labels[0]["y"], labels[1]["y"] = (
                round(middle - distance / 2, 1),
                round(middle + distance / 2, 1),
            )
