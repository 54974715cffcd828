"""Numbers and names as the report shows them."""

import json
import math
import numbers
import re

import numpy as np

DASH = "–"
SPELLED = {
    "iou": "IoU",
    "f1": "F1",
    "psnr": "PSNR",
    "ssim": "SSIM",
    "y": "Y",
}  # as the field writes them


def finite(value):
    """`value` as a finite float, or None: for None, NaN, infinities, and text that is no number."""
    try:
        value = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def number(value):
    """A measured value with the digits that a reader can use: 0.91234 -> 0.912, 12345.6 -> 12,346, None -> a dash."""
    value = scalar(value)
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
        text = scientific(size)
    else:
        # 0.99996 must not read as a perfect 1.000.
        text = next(
            (t for t in (f"{size:.{digits}f}" for digits in range(3, 8)) if float(t) < 1), "<1"
        )
    return ("−" if value < 0 else "") + text


def short(value):
    """A number that stands alone: no zeros that only align columns, 12.4 rather than 12.40."""
    full, rounded = plain(value), number(value)
    return (
        full
        if len(full) < len(rounded) and finite(value) is not None and abs(float(value)) > 1
        else rounded
    )


def plain(value):
    """A setting's value in full: as it was given, never rounded."""
    value = scalar(value)
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
    """A metric's name for people: `mean_iou` -> `mean IoU`, `map50_95_small` -> `mAP50-95 small`."""
    parts = re.sub(r"(?<=\d)_(?=\d)", "-", str(name)).split("_")
    return " ".join(SPELLED.get(part) or re.sub(r"^map(?=\d)", "mAP", part) for part in parts)


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


def scalar(value):
    """A NumPy scalar as Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def scientific(value, digits=1):
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
