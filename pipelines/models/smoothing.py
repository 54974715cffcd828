"""Counted n-grams -> the arrays of `edge.ngram`, by one of three ways to smooth them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.edge.ngram import START

FALLBACK = (0.5, 1.0, 1.5)  # discounts, if the data gives none
ADDED = 0.1  # additive smoothing: what each count gets (Lidstone)


@dataclass(frozen=True)
class Table:
    """The n-grams of one length that were seen.

    numbers: (G,) int64, increasing, see `edge.ngram`. histories: (G,) places of their first n - 1
    items. shorter: (G,) places of their last n - 1 items, in the table before. counts: (G,) how
    often; 0 for those that end in START. begins: (G,) whether the first item is START.
    """

    numbers: np.ndarray
    histories: np.ndarray
    shorter: np.ndarray
    counts: np.ndarray
    begins: np.ndarray


def tables(rows: Sequence[Sequence[int]], order: int, size: int) -> list[Table]:
    """Ids of each text, `order - 1` START before them -> a Table of each length up to `order`.

    size: V, the number of ids.
    """
    stream = np.concatenate([np.asarray(row, np.int64) for row in rows])
    position = np.concatenate([np.arange(len(row)) for row in rows])
    before, shorter = np.zeros_like(stream), np.zeros_like(stream)
    found = []
    for n in range(1, order + 1):
        fits = position >= n - 1
        keys = before[fits] * size + stream[fits]
        numbers, first, places = np.unique(keys, return_index=True, return_inverse=True)
        is_judged = stream[fits] != START
        counts = np.bincount(places[is_judged], minlength=len(numbers))
        heads = stream[np.flatnonzero(fits)[first] - (n - 1)]
        found.append(Table(numbers, numbers // size, shorter[fits][first], counts, heads == START))
        own = np.full_like(stream, -1)
        own[fits] = places
        shorter, before = own, np.concatenate([[0], own[:-1]])
    return found


Smoothed = tuple[np.ndarray, np.ndarray]  # values (G,), what is left of each history (H,)


def kneser_ney(found: Sequence[Table], place: int, size: int) -> Smoothed:
    """Interpolated modified Kneser-Ney: Chen & Goodman 1998, section 3.

    Below the longest length an n-gram counts the different items that came before it; one that
    begins a text keeps its count. Three discounts, for counts of one, of two, and of more.
    """
    table = found[place]
    counts = table.counts
    if place + 1 < len(found):
        longer = found[place + 1]
        seen = longer.shorter[longer.counts > 0]
        kinds = np.bincount(seen, minlength=len(counts))
        counts = np.where(table.begins, counts, kinds) * (counts > 0)
    discounts = _discounts(counts)
    taken = discounts[np.minimum(counts, 3)]
    totals, given = _by_history(table, counts), _by_history(table, taken)
    return _shared(table, counts - taken, given, totals)


def _discounts(counts: np.ndarray) -> np.ndarray:
    """(0, D1, D2, D3+) out of how many n-grams were seen once, twice, three and four times.

    Small or repetitive data gives numbers that are no discounts; FALLBACK stands for each of these.
    """
    once, twice, thrice, often = (max(1, int((counts == i).sum())) for i in (1, 2, 3, 4))
    share = once / (once + 2 * twice)
    found = [1 - 2 * share * twice / once, 2 - 3 * share * thrice / twice]
    found.append(3 - 4 * share * often / thrice)
    limits = enumerate(zip(found, FALLBACK, strict=True), 1)
    return np.array([0, *(d if 0 < d < i else other for i, (d, other) in limits)])


def witten_bell(found: Sequence[Table], place: int, size: int) -> Smoothed:
    """Interpolated: Witten & Bell 1991, method C. The rest is as likely as a new item."""
    table = found[place]
    kinds = _by_history(table, (table.counts > 0).astype(np.float64))
    totals = _by_history(table, table.counts) + kinds
    return _shared(table, table.counts, kinds, totals)


def additive(found: Sequence[Table], place: int, size: int) -> Smoothed:
    """The longest histories alone, with ADDED to each count (Lidstone)."""
    table = found[place]
    if place + 1 < len(found):
        return np.zeros(len(table.counts)), np.ones(int(table.histories.max()) + 1)
    given = np.full(int(table.histories.max()) + 1, ADDED * (size - 1))
    return _shared(table, table.counts, given, _by_history(table, table.counts) + given)


def _shared(table: Table, kept: np.ndarray, rest: np.ndarray, totals: np.ndarray) -> Smoothed:
    """Shares of each history's total; one with nothing after it leaves all to the shorter one."""
    whole = np.where(totals > 0, totals, 1)
    left = np.where(totals > 0, rest / whole, 1.0)
    return kept / whole[table.histories], left


def _by_history(table: Table, values: np.ndarray) -> np.ndarray:
    """Sums of `values` over the n-grams of each history, (H,)."""
    return np.bincount(table.histories, weights=values)


SMOOTHING: dict[str, Callable[[Sequence[Table], int, int], Smoothed]] = {
    "kneser_ney": kneser_ney,
    "witten_bell": witten_bell,
    "additive": additive,
}


def counted(
    rows: Sequence[Sequence[int]], order: int, size: int, smoothing: str
) -> dict[str, np.ndarray]:
    """Rows of ids -> the arrays of `edge.ngram`. smoothing: a name in SMOOTHING."""
    arrays = {"order": np.array([order], np.int64), "size": np.array([size], np.int64)}
    found = tables(rows, order, size)
    for place, table in enumerate(found):
        values, rest = SMOOTHING[smoothing](found, place, size)
        arrays[f"grams{place + 1}"] = table.numbers
        arrays[f"values{place + 1}"] = values.astype(np.float32)
        histories = 1 if place == 0 else len(found[place - 1].numbers)
        padded = np.ones(histories)
        padded[: len(rest)] = rest
        arrays[f"rest{place + 1}"] = padded.astype(np.float32)
    return arrays
