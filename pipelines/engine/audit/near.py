"""Pictures that are nearly the same in two splits: saved again, scaled, or the next frame of a
film.

A hash of the low frequencies finds candidates (Zauner 2010, "Implementation and Benchmarking of
Perceptual Image Hash Functions", section 3.2.1); then the two pictures are compared.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from PIL import Image

from pipelines.engine.audit.facts import Example, Facts, Look
from pipelines.formats.examples import Problem

SIDE, LOW = 32, 8  # of the picture that is transformed, and of its lowest frequencies, pixels
BITS = 10  # of the 64 in which the hashes of nearly equal pictures may differ
COMPARED = 24  # side at which two candidates are compared, pixels
LEAST = 40  # pixels: the shorter side; of smaller pictures, such as digits, many are alike
ALIKE = 0.98  # correlation of two pictures that count as the same
DETAILS = 0.85  # the same of what is left without a blur: like things differ in details
AT_ONCE = 4_000_000  # pairs of hashes that are compared at a time
MOST = 2_000_000_000  # pairs of hashes: of more, the earlier split gives a part, spread over it
NEAREST = 8  # pictures of the other split whose hashes are nearest; of these at most
CANDIDATES = 3  # are compared with a picture
LOOKED_AT = 100_000  # pairs of pictures that are compared: of X-rays or faces all are candidates


def hashed(picture: np.ndarray) -> int:
    """uint8 (H, W, 3) -> 64 bits, alike for pictures that look alike."""
    small = Image.fromarray(picture).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    place = np.arange(SIDE)
    waves = np.cos(np.pi / SIDE * np.outer(np.arange(LOW), place + 0.5))  # DCT-II
    low = waves @ np.asarray(small, np.float64) @ waves.T
    bits = (low > np.median(low)).reshape(-1)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def near(facts: Facts) -> Iterator[Problem]:
    """Warns of pictures of which another split has nearly the same, but not the very same."""
    for column, by_split in facts.looks.items():
        names = list(by_split) if column.startswith("image") else []
        for i, earlier in enumerate(names):
            for later in names[i + 1 :]:
                yield from _told(facts, column, earlier, later)


def shrunk(picture: np.ndarray) -> bytes:
    """uint8 (H, W, 3) -> the pixels of the picture scaled to one size for all; see `small`."""
    resized = Image.fromarray(picture).resize((COMPARED, COMPARED), Image.Resampling.BOX)
    return resized.tobytes()


def small(look: Look) -> np.ndarray:
    """A picture scaled to one size for all, float64 (S, S, 3)."""
    pixels = np.frombuffer(look.small, np.uint8)
    return pixels.reshape(COMPARED, COMPARED, 3).astype(np.float64)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Of two pictures (S, S, 3), -1 to 1, without their mean colours; 0 if one is constant."""
    ours, theirs = (values - values.mean((0, 1)) for values in (one, other))
    scale = np.sqrt((ours**2).sum() * (theirs**2).sum())
    return float((ours * theirs).sum() / scale) if scale > 0 else 0.0


def _told(facts: Facts, column: str, earlier: str, later: str) -> Iterator[Problem]:
    """Warnings of pictures of which `later` has nearly the same, and a note if not all are
    compared."""
    ours, theirs = (facts.looks[column][split] for split in (earlier, later))
    rows = _rows(len(ours), len(theirs))
    told: set[int] = set()
    for number, (first, second) in enumerate(_candidates(ours, theirs, rows)):
        if number == LOOKED_AT:
            rows = rows[rows < first]
            break
        if first not in told and _are_alike(ours[first], theirs[second]):
            told.add(first)
            yield _alike(facts, earlier, first, later, second)
    if len(rows) < len(ours):
        message = (
            f"{len(rows):,} of the {len(ours):,} pictures were compared with those of {later}, as"
            " there are very many, or very many look alike. Others may be nearly the same as well."
        )
        yield Problem("note", "not-compared", earlier, message)


def _alike(facts: Facts, earlier: str, first: int, later: str, second: int) -> Problem:
    one = Example(earlier, facts.data.splits[earlier], first)
    other = Example(later, facts.data.splits[later], second)
    return one.warning(
        "near-duplicate",
        f"this picture is nearly the same as {other.where} in {later}: saved again, scaled, or"
        f" taken a moment later. Delete it from {earlier}, or keep both in one split.",
    )


def _rows(ours: int, theirs: int) -> np.ndarray:
    """Rows of a split that are compared with all of another: all of them, or a part spread over
    it."""
    most = min(ours, MOST // max(theirs, 1))
    return np.unique(np.linspace(0, ours - 1, most).astype(int)) if most else np.zeros(0, int)


def _candidates(
    earlier: list[Look], later: list[Look], chosen: np.ndarray
) -> Iterator[tuple[int, int]]:
    """Yields rows of two splits whose hashes are close and whose pixels are not the same.

    A row of `chosen` comes with the nearest alone, the nearest first.
    """
    ours, theirs = (np.array([look.hash for look in own], np.uint64) for own in (earlier, later))
    count = min(NEAREST, len(theirs))
    if not count:
        return
    step = max(1, AT_ONCE // len(theirs))
    for start in range(0, len(chosen), step):
        rows = chosen[start : start + step]
        differing = np.bitwise_count(ours[rows, None] ^ theirs[None])
        nearest = np.argpartition(differing, count - 1, axis=1)[:, :count]
        bits = np.take_along_axis(differing, nearest, 1)
        order = np.argsort(bits, axis=1, kind="stable")
        nearest = np.take_along_axis(nearest, order, 1).tolist()
        close = (bits <= BITS).sum(1).tolist()  # how many: the first of them, as they are in order
        for row, columns, number in zip(rows.tolist(), nearest, close, strict=True):
            fits = (j for j in columns[:number] if _may_be_alike(earlier[row], later[j]))
            yield from ((row, j) for j in itertools.islice(fits, CANDIDATES))


def _may_be_alike(one: Look, other: Look) -> bool:
    if one.error or other.error or one.digest == other.digest:
        return False
    if max(min(one.size), min(other.size)) < LEAST:
        return False
    ratio = (one.size[0] * other.size[1]) / (one.size[1] * other.size[0])
    return 0.9 < ratio < 1.1


def _are_alike(one: Look, other: Look) -> bool:
    """Whether two pictures are the same but for size, compression, noise and brightness."""
    ours, theirs = small(one), small(other)
    if correlation(ours, theirs) < ALIKE:
        return False
    return correlation(_details(ours), _details(theirs)) > DETAILS


def _details(picture: np.ndarray) -> np.ndarray:
    """What a picture has beyond its mean over 3 x 3 pixels."""
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (0, 1))
    return picture - windows.mean((-2, -1))


CHECKS = (near,)
