"""Pictures that are nearly the same in two splits: saved again, scaled, or the next frame of a film.

A hash of the low frequencies finds candidates (Zauner 2010, "Implementation and Benchmarking of
Perceptual Image Hash Functions", section 3.2.1); then the two pictures are compared.
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from pipelines.edge.pictures import read_picture
from pipelines.engine.audit.facts import Example, Facts, Look
from pipelines.formats.examples import Problem

SIDE, LOW = 32, 8  # of the picture that is transformed, and of its lowest frequencies, pixels
BITS = 10  # of the 64 in which the hashes of nearly equal pictures may differ
COMPARED = 24  # side at which two candidates are compared, pixels
LEAST = 40  # pixels: the shorter side; of smaller pictures, such as digits, many are alike
ALIKE = 0.98  # correlation of two pictures that count as the same
DETAILS = 0.85  # the same of what is left without a blur: like things differ in details
AT_ONCE = 4_000_000  # pairs of hashes that are compared at a time
MOST = 2_000_000_000  # pairs: of more, each split gives a part


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
                pairs = _candidates(by_split[earlier], by_split[later])
                yield from _told(facts, column, earlier, later, pairs)


def small(source: str | bytes) -> np.ndarray:
    """A picture scaled to one size for all, float64 (S, S, 3)."""
    picture = Image.fromarray(read_picture(source))
    resized = picture.resize((COMPARED, COMPARED), Image.Resampling.BOX)
    return np.asarray(resized, np.float64)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Of two pictures (S, S, 3), -1 to 1, without their mean colours; 0 if one is constant."""
    ours, theirs = (values - values.mean((0, 1)) for values in (one, other))
    scale = np.sqrt((ours**2).sum() * (theirs**2).sum())
    return float((ours * theirs).sum() / scale) if scale > 0 else 0.0


def _told(
    facts: Facts, column: str, earlier: str, later: str, pairs: list[tuple[int, int]]
) -> Iterator[Problem]:
    told: set[int] = set()
    for first, second in pairs:
        one, other = (
            Example(split, facts.data.splits[split], row)
            for split, row in ((earlier, first), (later, second))
        )
        if first not in told and _are_alike(one[column], other[column]):
            told.add(first)
            message = (
                f"this picture is nearly the same as {other.where} in {later}: saved again, scaled,"
                f" or taken a moment later. Delete it from {earlier}, or keep both in one split."
            )
            yield one.warning("near-duplicate", message)


def _candidates(earlier: list[Look], later: list[Look]) -> list[tuple[int, int]]:
    """Rows of two splits whose hashes are close and whose pixels are not the same."""
    ours, theirs = (np.array([look.hash for look in own], np.uint64) for own in (earlier, later))
    if not len(theirs):
        return []
    step = max(1, AT_ONCE // len(theirs))
    last = min(len(ours), MOST // len(theirs))
    pairs: list[tuple[int, int]] = []
    for start in range(0, last, step):
        differing = np.bitwise_count(ours[start : start + step, None] ^ theirs[None])
        rows, columns = np.nonzero(differing <= BITS)
        pairs += zip((rows + start).tolist(), columns.tolist(), strict=True)
    return [(i, j) for i, j in pairs if _may_be_alike(earlier[i], later[j])]


def _may_be_alike(one: Look, other: Look) -> bool:
    if one.error or other.error or one.digest == other.digest:
        return False
    if max(min(one.size), min(other.size)) < LEAST:
        return False
    ratio = (one.size[0] * other.size[1]) / (one.size[1] * other.size[0])
    return 0.9 < ratio < 1.1


def _are_alike(one: str | bytes, other: str | bytes) -> bool:
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
