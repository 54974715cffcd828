"""Counted n-grams of characters: how probable a text is, and what comes next. NumPy alone.

Interpolated Witten-Bell smoothing: with c(h) the times that a history h was seen, t(h) the number
of different characters after it and h' the history without its first character, p(x | h) = (c(hx) +
t(h) p(x | h')) / (c(h) + t(h)); below the empty history all characters are equally probable, those
that training has not among them. So the probabilities of all characters after any history sum to
one. Witten & Bell 1991, method C.
"""

from collections.abc import Iterable, Sequence

import numpy as np

NOTHING, START, UNKNOWN, FIRST = -1, 0, 1, 2  # ids: behind the end, before the text, other letters
END = "\n"  # closes each text


def codes(learned: dict[str, list[str]]) -> np.ndarray:
    """The code points that a model knows, int64, out of what it learned: {"characters": numbers}."""
    return np.array([int(code) for code in learned["characters"]], np.int64)


def ids(text: str, characters: np.ndarray, order: int) -> list[int]:
    """Text -> ids of its characters and of its end, `order - 1` START before it: list of int."""
    codes = np.array([ord(c) for c in text + END], np.int64)
    places = np.searchsorted(characters, codes)
    found = characters[np.minimum(places, len(characters) - 1)] == codes
    return [START] * (order - 1) + np.where(found, places + FIRST, UNKNOWN).tolist()


def text(ids: Iterable[int], characters: np.ndarray) -> str:
    """Ids -> text; what training has not is shown as a replacement character."""
    return "".join(chr(characters[i - FIRST]) if i >= FIRST else "\ufffd" for i in ids)


def counted(
    rows: Sequence[Sequence[int]], characters: np.ndarray, order: int
) -> dict[str, np.ndarray]:
    """Rows of ids -> arrays for each n up to `order`.

    They are the numbers of the n-grams that were seen, in increasing order, and how often; and for
    each history its count and its different followers.
    """
    size = len(characters) + FIRST
    arrays = {"characters": np.asarray(characters, np.int64), "order": np.array([order], np.int64)}
    for n in range(1, order + 1):
        grams = np.concatenate([_numbers(np.array(row, np.int64), n, order, size) for row in rows])
        keys, counts = np.unique(grams, return_counts=True)
        histories, first = np.unique(keys // size, return_index=True)
        arrays[f"grams{n}"], arrays[f"counts{n}"] = keys, counts
        arrays[f"histories{n}"] = histories
        arrays[f"totals{n}"] = np.add.reduceat(counts, first)
        arrays[f"kinds{n}"] = np.diff([*first, len(keys)])
    return arrays


def run(
    arrays: dict[str, np.ndarray], inputs: dict[str, np.ndarray], program: str = ""
) -> dict[str, np.ndarray]:
    """{"ids": int (N, T + order - 1)} -> {"log_likelihood": float32 (N, T)}; 0 behind the end."""
    order = int(arrays["order"][0])
    given = np.asarray(inputs["ids"], np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(given, order, 1)
    known = windows[..., -1] != NOTHING
    found = np.zeros(known.shape, np.float32)
    found[known] = np.log(probabilities(arrays, windows[known]))
    return {"log_likelihood": found}


def probabilities(arrays: dict[str, np.ndarray], grams: np.ndarray) -> np.ndarray:
    """Of the last id of each row after those before it: (M, order) -> (M,)."""
    size, order = len(arrays["characters"]) + FIRST, grams.shape[1]
    found = np.full(len(grams), 1 / (size - 1))  # START never follows
    for n in range(1, order + 1):
        keys = _number(grams[:, order - n :], size)
        counts = _looked_up(arrays[f"grams{n}"], arrays[f"counts{n}"], keys)
        totals = _looked_up(arrays[f"histories{n}"], arrays[f"totals{n}"], keys // size)
        kinds = _looked_up(arrays[f"histories{n}"], arrays[f"kinds{n}"], keys // size)
        seen = totals > 0
        mixed = (counts + kinds * found) / np.maximum(totals + kinds, 1)
        found = np.where(seen, mixed, found)
    return found


def following(arrays: dict[str, np.ndarray], before: Sequence[int]) -> np.ndarray:
    """Probabilities of every id after the ids `before`: (size,), which sum to one; START has none."""
    size, order = len(arrays["characters"]) + FIRST, int(arrays["order"][0])
    history = [*[START] * (order - 1), *before][len(before) :]
    rows = np.array([[*history, i] for i in range(size)], np.int64)
    found = probabilities(arrays, rows)
    found[START] = 0.0
    return found


def _numbers(row: np.ndarray, n: int, order: int, size: int) -> np.ndarray:
    """The numbers of the n-grams of one row, one for each id that is no START."""
    windows = np.lib.stride_tricks.sliding_window_view(row[order - n :], n)
    return _number(windows, size)


def _number(grams: np.ndarray, size: int) -> np.ndarray:
    number = np.zeros(len(grams), np.int64)
    for column in grams.T:
        number = number * size + column
    return number


def _looked_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)
