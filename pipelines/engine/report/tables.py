"""The report's tables: numbers over bars, and a confusion matrix with its worst pairs."""

import math
import numbers

import numpy as np

from pipelines import canvas
from pipelines.engine.report.numbers import compact, finite, number, plain, scalar, words
from pipelines.engine.report.pictures import data_uri

FOLD = 30  # rows of a table before the rest folds away
MATRIX_CELLS = 25  # classes whose confusion matrix can still be read as a table
HEAT = (11, 110, 110)  # the page's accent colour, at the full end of the compact matrix


def bar_table(caption, rows, mark_lowest=False):
    """{row label: {column: value}} -> a table of numbers, each over a bar.

    Bars of a column whose values all lie in [0, 1] show that range; others show shares of the
    column's largest value.
    """
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    columns = []
    for name in names:
        values = [v for v in (finite(row.get(name)) for row in rows.values()) if v is not None]
        counts = all(
            isinstance(scalar(row.get(name)), numbers.Integral | None) for row in rows.values()
        )
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
            cells.append(
                {"text": text, "share": share, "lowest": lowest, "exact": plain(row.get(name))}
            )
        body.append({"label": label, "cells": cells})
    # One row more than the fold is shorter than the line that would fold it.
    shown = len(body) if len(body) <= FOLD + 1 else FOLD
    return {"caption": caption, "columns": columns, "rows": body[:shown], "folded": body[shown:]}


def matrix_table(name, counts, labels):
    counts = np.nan_to_num(np.asarray(counts, np.float64))
    if counts.ndim != 2 or not counts.size:
        return None
    named = [*map(str, labels), "background"]  # detectors have one more, for what is nothing
    truths, predictions = (
        named[:n] if n in (len(labels), len(named)) else [str(i) for i in range(n)]
        for n in counts.shape
    )
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.clip(np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0), 0, 1)

    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:15]
    pairs = [
        (i, j)
        for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True)
        if wrong[i, j] > 0
    ]
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
                    "hover": (
                        f"{truths[i]} → {predictions[j]}: {number(_whole(count))}"
                        f" ({_percent(shares[i, j])})"
                    ),
                    "shade": f"{_shade(shares[i, j]):.2f}",
                    "diagonal": i == j,
                    # Where white text on the light page, and black on the dark one, begins to be
                    # the more legible.
                    "deep": (
                        (" a" if _shade(shares[i, j]) > 0.865 else "")
                        + (" b" if _shade(shares[i, j]) > 0.575 else "")
                    ),
                }
                for j, count in enumerate(row)
            ],
        }
        for i, row in enumerate(counts)
    ]
    legend = [
        {"percent": _percent(share), "shade": f"{_shade(share):.2f}"}
        for share in (0, 0.05, 0.2, 0.5, 1)
    ]
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
    return data_uri(canvas.png((255 + shades * (np.array(HEAT) - 255.0)).round().astype(np.uint8)))
