"""Numbers and names as the report shows them."""

import functools
import json
import math
import numbers
import re
from collections.abc import Iterable, Sequence

import numpy as np

DASH = "–"
SPELLED = {"iou": "IoU", "f1": "F1", "psnr": "PSNR", "ssim": "SSIM", "y": "Y"}  # as the field does
DIGITS = ((1000, ",.0f"), (100, ".1f"), (1, ".2f"))  # at least -> how a measured value is shown
ENDS = {0: "0", 1: "1.000"}  # of the shares
# (unit, its size, how many of it there must be)
BYTES = (("GB", 1e9, 0.9995), ("MB", 1e6, 0.9995), ("KB", 1e3, 0.9995))
COUNTS = (("G", 1e9, 0.9995), ("M", 1e6, 0.9995), ("k", 1e3, 10))


def finite(value: object) -> float | None:
    """`value` as a finite float; None for None, NaN, infinities, and text that is no number."""
    try:
        value = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def number(value: object) -> str:
    """A measured value with the digits that a reader can use.

    0.91234 -> 0.912, 12345.6 -> 12,346, None -> a dash.
    """
    value = scalar(value)
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return plain(value)
    if math.isnan(value):
        return DASH
    sign = "−" if value < 0 else ""
    return sign + _measured(abs(value))


def _measured(value: float) -> str:
    """A value that is not negative."""
    if math.isinf(value):
        return "∞"
    if isinstance(value, numbers.Integral):
        return f"{value:,}"
    if value <= 1:
        return _share(value)
    style = next(style for least, style in DIGITS if value >= least)
    return f"{value:{style}}"


def _share(value: float) -> str:
    """A value in [0, 1]. 0.99996 must not read as a perfect 1.000."""
    if value in ENDS:
        return ENDS[value]
    if value < 0.001:
        return scientific(value)
    texts = (f"{value:.{digits}f}" for digits in range(3, 8))
    return next((text for text in texts if float(text) < 1), "<1")


def short(value: object) -> str:
    """A number that stands alone, without zeros that only align columns: 12.4, not 12.40."""
    full, rounded = plain(value), number(value)
    is_large = abs(finite(value) or 0) > 1
    return min(rounded, full, key=len) if is_large else rounded


@functools.singledispatch
def plain(value: object) -> str:
    """A setting's value in full: as it was given, never rounded."""
    return str(value) or DASH


@plain.register(type(None))
def _(value: None) -> str:
    return DASH


@plain.register
def _(value: np.generic) -> str:
    return plain(value.item())


@plain.register
def _(value: bool) -> str:
    return "yes" if value else "no"


@plain.register
def _(value: float) -> str:
    return DASH if math.isnan(value) else str(value)


@plain.register
def _(value: dict) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


@plain.register(list)
@plain.register(tuple)
@plain.register(set)
@plain.register(frozenset)
def _(value: Iterable) -> str:
    return ", ".join(map(plain, value)) or DASH


def words(name: object) -> str:
    """A metric's name for people: mean_iou -> mean IoU, map50_95_small -> mAP50-95 small."""
    parts = re.sub(r"(?<=\d)_(?=\d)", "-", str(name)).split("_")
    return " ".join(SPELLED.get(part) or re.sub(r"^map(?=\d)", "mAP", part) for part in parts)


def size(size_bytes: object) -> str:
    """A file size in decimal units: 4213000 -> 4.21 MB."""
    size_bytes = finite(size_bytes)
    if size_bytes is None:
        return DASH
    value, unit = _in_unit(size_bytes, BYTES)
    return f"{_three_digits(value)} {unit}" if unit else f"{size_bytes:.0f} B"


def compact(count: object) -> str:
    """A count in at most five characters: 1234567 -> 1.2M."""
    count = finite(count)
    if count is None:
        return DASH
    value, unit = _in_unit(count, COUNTS)
    if unit:
        return f"{value:.1f}{unit}" if value < 9.95 else f"{value:.0f}{unit}"
    return f"{count:.0f}" if count.is_integer() else f"{count:.2f}"


def _in_unit(value: float, units: Sequence[tuple[str, float, float]]) -> tuple[float, str]:
    """(value, unit) in the first unit of which there are enough, or in none."""
    for unit, scale, least in units:
        if value >= scale * least:
            return value / scale, unit
    return value, ""


def _three_digits(value: float) -> str:
    if value < 9.995:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def is_number(value: object) -> bool:
    """Whether this is one real number, of Python or NumPy."""
    return isinstance(scalar(value), numbers.Real)


def scalar(value: object) -> object:
    """A NumPy scalar as Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def scientific(value: float, digits: int = 1) -> str:
    """12345.0 -> 1.2e4"""
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
