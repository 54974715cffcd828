"""The report's tables: numbers over bars, and a confusion matrix with its worst pairs."""

import itertools
import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines import canvas
from pipelines.engine.report.numbers import compact, finite, number, plain, scalar, words
from pipelines.engine.report.pictures import data_uri

FOLD = 30  # rows of a table before the rest folds away
MATRIX_CELLS = 25  # classes whose confusion matrix can still be read as a table
PAIRS = 15  # most confused pairs that are listed
LEGEND = (0, 0.05, 0.2, 0.5, 1)  # shares of a row
HEAT = (11, 110, 110)  # the page's accent colour, at the full end of the compact matrix
HEAT_SIDE = 520  # pixels that the compact matrix has at least
# Shades from which white text on the light page, and black on the dark one, is the more legible.
DEEP = {" a": 0.865, " b": 0.575}


def bar_table(caption: str, rows: Mapping[str, Mapping], mark_lowest: bool = False) -> dict:
    """{row label: {column: value}} -> a table of numbers, each over a bar.

    Bars of a column whose values all lie in [0, 1] show that range; others show shares of the
    column's largest value.
    """
    names = dict.fromkeys(itertools.chain.from_iterable(rows.values()))
    columns = {}
    for name in names:
        columns[name] = _column(name, [row.get(name) for row in rows.values()], mark_lowest)
    body = [{"label": label, "cells": _cells(row, columns)} for label, row in rows.items()]
    # One row more than the fold is shorter than the line that would fold it.
    shown = len(body) if len(body) <= FOLD + 1 else FOLD
    return {
        "caption": caption,
        "columns": list(columns.values()),
        "rows": body[:shown],
        "folded": body[shown:],
    }


def _column(name: str, values: Sequence, mark_lowest: bool) -> dict:
    """A column's head.

    scale: the value of a whole bar, 0 without bars; low: the lowest value of a column of shares.
    """
    found = [value for value in map(finite, values) if value is not None]
    low, high = min(found, default=0), max(found, default=0)
    are_shares = low >= 0 and high <= 1 and not _are_counts(values)
    marked = mark_lowest and are_shares and low < high
    return {
        "name": words(name),
        "scale": _scale(low, high, are_shares),
        "low": low if marked else None,
        "characters": max(6, *(len(number(value)) for value in values)),
    }


def _scale(low: float, high: float, are_shares: bool) -> float:
    """The value of a whole bar; 0 if there are no bars, as a value is negative."""
    if low < 0:
        return 0
    return 1 if are_shares else high


def _are_counts(values: Sequence) -> bool:
    return all(isinstance(scalar(value), numbers.Integral | None) for value in values)


def _cells(row: Mapping, columns: Mapping[str, dict]) -> list[dict]:
    return [_bar(row.get(name), column) for name, column in columns.items()]


def _bar(value: object, column: Mapping) -> dict:
    """One cell: the number, and how much of the bar it fills, if it has one."""
    amount, scale = finite(value), column["scale"]
    has_bar = amount is not None and scale > 0
    return {
        "text": number(value),
        "share": amount / scale if has_bar else None,
        "lowest": amount is not None and amount == column["low"],
        "exact": plain(value),
    }


@dataclass(frozen=True)
class _Confusion:
    """counts, shares of the row's total: (N, M); totals: (N,); truths: N names; predictions: M."""

    counts: np.ndarray
    totals: np.ndarray
    shares: np.ndarray
    truths: list[str]
    predictions: list[str]


def matrix_table(name: str, counts: Sequence, labels: Sequence) -> dict | None:
    """A confusion matrix as a table, or as a picture if it is large; None if it is no matrix.

    counts: (N, M), truth in rows and predictions in columns; labels: in the order of both.
    """
    counts = np.nan_to_num(np.asarray(counts, np.float64))
    if counts.ndim != 2 or not counts.size:
        return None
    totals = counts.sum(axis=1)
    has_any = totals[:, None] > 0
    shares = np.divide(counts, totals[:, None], out=np.zeros_like(counts), where=has_any)
    truths, predictions = _names(labels, counts.shape[0]), _names(labels, counts.shape[1])
    confusion = _Confusion(counts, totals, np.clip(shares, 0, 1), truths, predictions)
    table = {"name": words(name), "shape": counts.shape, "pairs": _pairs(confusion)}
    if max(counts.shape) > MATRIX_CELLS:
        return table | {"picture": _heat(confusion.shares)}
    legend = [{"percent": _percent(share), "shade": f"{_shade(share):.2f}"} for share in LEGEND]
    return table | {"columns": predictions, "rows": _rows(confusion), "legend": legend}


def _names(labels: Sequence, n: int) -> list[str]:
    """The names of `n` rows or columns. Detectors have one more, for what is nothing."""
    named = [*map(str, labels), "background"]
    return named[:n] if n in (len(labels), len(named)) else list(map(str, range(n)))


def _pairs(confusion: _Confusion) -> list[dict]:
    """The most confused pairs, the worst first."""
    wrong = confusion.counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:PAIRS]
    worst = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [_pair(confusion, i, j) for i, j in worst if wrong[i, j] > 0]


def _pair(confusion: _Confusion, i: int, j: int) -> dict:
    share = confusion.shares[i, j]
    return {
        "truth": confusion.truths[i],
        "prediction": confusion.predictions[j],
        "count": _count(confusion.counts[i, j]),
        "total": _count(confusion.totals[i]),
        "share": share,
        "percent": _percent(share),
    }


def _rows(confusion: _Confusion) -> list[dict]:
    rows = []
    for i, truth in enumerate(confusion.truths):
        cells = [_cell(confusion, i, j) for j in range(len(confusion.predictions))]
        rows.append({"label": truth, "cells": cells})
    return rows


def _cell(confusion: _Confusion, i: int, j: int) -> dict:
    """One cell of the table."""
    count, share = confusion.counts[i, j], confusion.shares[i, j]
    pair = f"{confusion.truths[i]} → {confusion.predictions[j]}"
    shade = _shade(share)
    return {
        "text": compact(count) if count else "·",
        "hover": f"{pair}: {_count(count)} ({_percent(share)})",
        "shade": f"{shade:.2f}",
        "diagonal": i == j,
        "deep": "".join(style for style, least in DEEP.items() if shade > least),
    }


def _shade(share: float | np.ndarray) -> float | np.ndarray:
    """Lifts the few per cent that confusions are made of; the legend uses it too."""
    return share**0.6


def _count(value: float) -> str:
    return number(int(value) if value == int(value) else value)


def _percent(share: float) -> str:
    return "<1%" if 0 < share < 0.01 else f"{100 * share:.0f}%"


def _heat(shares: np.ndarray) -> str:
    """Shares (N, M) -> a data URI of a picture, each cell a square of whole pixels."""
    factor = max(1, math.ceil(HEAT_SIDE / max(shares.shape)))
    shades = _shade(shares).repeat(factor, axis=0).repeat(factor, axis=1)[..., None]
    colours = 255 + shades * (np.array(HEAT) - 255.0)
    return data_uri(canvas.png(colours.round().astype(np.uint8)))
