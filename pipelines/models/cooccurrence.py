"""How often words are near each other, counted in bounded memory: what does not fit goes to
disk."""

import itertools
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

Counts = tuple[np.ndarray, np.ndarray]  # keys in increasing order, int64, and their sums, float64


def counted(
    rows: Iterable[tuple[np.ndarray, np.ndarray]], size: int, window: int, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(first words, second words, int32; weights float32), each pair that occurs once.

    rows: (ids, texts) of pieces of text, int (N,); only words of one text are near each other. Two
    words n apart, up to `window`, add 1 / n to the weight of either order (Pennington et al. 2014,
    section 4.2). size: one more than the largest id. most: pairs that are held in memory at once,
    apart from the result; more are sorted, written to a temporary folder, and merged.
    """
    with tempfile.TemporaryDirectory() as folder:
        runs = list(_runs(rows, size, window, most, Path(folder)))
        parts = list(_merged(runs, size, most))
    keys, sums = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return (keys // size).astype(np.int32), (keys % size).astype(np.int32), sums.astype(np.float32)


def _runs(
    rows: Iterable[tuple[np.ndarray, np.ndarray]], size: int, window: int, most: int, folder: Path
) -> Iterator[Counts]:
    """Sorted counts of parts of the text; all but the last lie on disk."""
    held: list[Counts] = []
    number = 0
    for ids, texts in rows:
        held += _pairs(np.asarray(ids, np.int64), np.asarray(texts), size, window)
        if sum(len(keys) for keys, _ in held) > most:
            held = [_summed(held)]
        if len(held) == 1 and len(held[0][0]) > most // 2:
            yield _on_disk(held.pop(), folder / str(number))
            number += 1
    if held:
        yield _summed(held)


def _pairs(ids: np.ndarray, texts: np.ndarray, size: int, window: int) -> list[Counts]:
    """(keys, weights) of all pairs at each distance, in both orders."""
    found = []
    for apart in range(1, min(window, len(ids) - 1) + 1):
        is_one = (texts[apart:] == texts[:-apart]) & (texts[apart:] > 0)
        left, right = ids[:-apart][is_one], ids[apart:][is_one]
        keys = np.concatenate([left * size + right, right * size + left])
        found.append((keys, np.full(len(keys), 1.0 / apart)))
    return found


def _summed(parts: list[Counts]) -> Counts:
    keys = np.concatenate([np.zeros(0, np.int64), *(keys for keys, _ in parts)])
    weights = np.concatenate([np.zeros(0), *(weights for _, weights in parts)])
    unique, places = np.unique(keys, return_inverse=True)
    return unique, np.bincount(places, weights, len(unique))


def _on_disk(counts: Counts, path: Path) -> Counts:
    """The same counts, read from files as they are needed."""
    made = []
    for name, values in zip(("keys", "sums"), counts, strict=True):
        file = path.with_suffix(f".{name}.npy")
        np.save(file, values, allow_pickle=False)
        made.append(np.load(file, mmap_mode="r", allow_pickle=False))
    return made[0], made[1]


def _merged(runs: list[Counts], size: int, most: int) -> Iterator[Counts]:
    """Sums over all runs, in ranges of keys that have about `most` entries in all."""
    longest = max((keys for keys, _ in runs), key=len, default=np.zeros(0, np.int64))
    ranges = max(1, -(-sum(len(keys) for keys, _ in runs) // most))
    step = max(1, -(-len(longest) // ranges))
    bounds = [0, *longest[step::step].tolist(), size * size]
    for low, high in itertools.pairwise(bounds):
        parts = []
        for keys, sums in runs:
            first, last = np.searchsorted(keys, [low, high])
            parts.append((keys[first:last], sums[first:last]))
        yield _summed(parts)
