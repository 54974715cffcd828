"""One chart's geometry: data to the pixels of its view box."""

import functools
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.engine.report.numbers import compact, number, scientific

HOVERS = 200  # most hover bands in one chart
BUCKETS = 250  # of a line's points; two are drawn of each
Value = float | None  # None is a gap


@dataclass(frozen=True)
class Scale:
    """One axis.

    low, high: of the data, or of its decimal logarithm if `log`; start, end: the pixels at which
        they lie.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Pixels, to a tenth; the middle if the data has no extent."""
        value = math.log10(value) if self.log else value
        extent = self.high - self.low
        share = (value - self.low) / extent if extent > 0 else 0.5
        return round(self.start + share * (self.end - self.start), 1)


@dataclass(frozen=True)
class Margins:
    """Pixels around the drawing."""

    left: int = 46
    right: int = 70
    top: int = 14
    bottom: int = 26


MARGINS = Margins()


class Plot:
    """The scales, ticks and paths of one chart.

    shape: (width, height), pixels; x_range, y_range: (low, high) of the data; log: whether y goes
        by orders of magnitude; whole: whether x takes whole numbers only.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        x_range: tuple[float, float],
        y_range: tuple[float, float],
        log: bool = False,
        whole: bool = False,
        margins: Margins = MARGINS,
    ):
        self.width, self.height = shape
        self.left, self.top = margins.left, margins.top
        self.right, self.bottom = self.width - margins.right, self.height - margins.bottom
        self.x = Scale(*x_range, self.left, self.right)
        self.x_ticks = ticks(*x_range, count=5, whole=whole)
        if log:
            ends, self.y_ticks = _powers(*y_range)
        else:
            self.y_ticks = ticks(*y_range, count=4 if self.height > 180 else 2)
            ends = extent((*y_range, *self.y_ticks))
        self.y = Scale(*ends, self.bottom, self.top, log)

    def frame(self) -> dict:
        """Edges and ticks, as the template takes them."""
        xs = [tick for tick in self.x_ticks if self.x.low <= tick <= self.x.high]
        x_texts, y_texts = _tick_texts(xs), _tick_texts(self.y_ticks, self.y.log)
        return {
            "width": self.width,
            "height": self.height,
            "left": self.left,
            "right": self.right,
            "top": self.top,
            "bottom": self.bottom,
            "x_ticks": list(zip(map(self.x, xs), x_texts, strict=True)),
            "y_ticks": list(zip(map(self.y, self.y_ticks), y_texts, strict=True)),
            "x_label": None,
            "y_label": None,
        }

    def path(self, points: Sequence[tuple[Value, Value]]) -> str:
        """SVG path data of (x, y).

        A point between two gaps becomes a stroke of no length, which round caps show as a dot.
        """
        parts = []
        for is_gap, run in itertools.groupby(_thinned(points), key=_is_gap):
            if is_gap:
                continue
            drawn = [f"{self.x(x)},{self.y(y)}" for x, y in run]
            dot = "h0" if len(drawn) == 1 else ""
            parts.append(f"M{' L'.join(drawn)}{dot}")
        return " ".join(parts)

    def bands(self, xs: Sequence[float], series: dict[str, list[Value]]) -> list[dict]:
        """Columns to hover over, one an epoch, whose text gives every series at that epoch."""
        kept = range(0, len(xs), math.ceil(len(xs) / HOVERS))
        half = (self.right - self.left) / max(1, len(kept) - 1) / 2
        return [self._band(xs[i], {label: v[i] for label, v in series.items()}, half) for i in kept]

    def _band(self, epoch: float, values: dict[str, Value], half: float) -> dict:
        """One column, `half` pixels to either side of its epoch."""
        x = self.x(epoch)
        x0, x1 = max(self.left, x - half), min(self.right, x + half)
        lines = [f"epoch {epoch:g}", *(f"{label} {number(v)}" for label, v in values.items())]
        return {
            "x0": round(x0, 1),
            "width": round(x1 - x0, 1),
            "y0": self.top,
            "height": self.bottom - self.top,
            "x": x,
            "dots": [self.y(value) for value in values.values() if value is not None],
            "guide": True,
            "hover": "\n".join(lines),
        }


def ticks(low: float, high: float, count: int, whole: bool = False) -> list[float]:
    """About `count` round numbers that span low..high; whole numbers on request."""
    if low == high:
        return [low] if whole else ticks(*_widened(low), count)
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    if whole:
        step = max(1, math.ceil(step))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def _widened(value: float) -> tuple[float, float]:
    """A range around a single value."""
    margin = abs(value) * 0.1 or 1.0
    return value - margin, value + margin


def extent(values: Iterable[Value]) -> tuple[float, float]:
    """(lowest, highest) without the gaps."""
    found = [value for value in values if value is not None]
    return min(found), max(found)


def _powers(low: float, high: float) -> tuple[tuple[int, int], list[float]]:
    """((lowest, highest) exponent of ten around low..high, powers of ten for its ticks)."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    step = max(1, math.ceil((last - first) / 5))
    return (first, last), [10.0**exponent for exponent in range(first, last + 1, step)]


def _tick_texts(values: Sequence[float], log: bool = False) -> list[str]:
    """The values of one axis, all in one style."""
    largest = max(map(abs, values), default=0)
    if log or 0 < largest < 1e-3:
        style = _general
    elif largest >= 1e4:
        style = _large
    else:
        digits = max(map(_decimals, values), default=0)
        style = functools.partial(_fixed, digits=digits)
    return list(map(style, values))


def _general(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:g}" if 1e-3 <= abs(value) < 1e4 else scientific(value)


def _large(value: float) -> str:
    sign = "−" if value < 0 else ""
    return sign + compact(abs(value))


def _fixed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def _decimals(value: float) -> int:
    """Digits after the point that a tick needs; none for what is nearly zero."""
    text = f"{value:.10g}"
    return 0 if "e" in text else len(text.partition(".")[2])


def _is_gap(point: tuple[Value, Value]) -> bool:
    return None in point


def _thinned(points: Sequence[tuple[Value, Value]]) -> list[tuple[Value, Value]]:
    """The points in order; of many, the lowest and the highest of each bucket.

    So no spike is lost. A bucket with nothing but gaps is a gap.
    """
    if len(points) <= 2 * BUCKETS:
        return list(points)
    kept, length = [], math.ceil(len(points) / BUCKETS)
    for start in range(0, len(points), length):
        bucket = [p for p in points[start : start + length] if not _is_gap(p)]
        kept += _extremes(bucket) if bucket else [(None, None)]
    return kept


def _extremes(bucket: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The lowest and the highest point, once if they are the same, in their order."""
    low, high = min(bucket, key=lambda p: p[1]), max(bucket, key=lambda p: p[1])
    return sorted({low, high}, key=bucket.index)
