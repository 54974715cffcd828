"""Masks, pictures with a class per pixel: what their values mean, and the pixels as class ids."""

import collections
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from pipelines.errors import PipelineError
from pipelines.formats import _pillow as pillow
from pipelines.formats.examples import IGNORE, Problem, ids_of

BINARY_NAMES = ("background", "foreground")
CLEAN = 0.9  # share of the pixels of a binary mask near 0 and 255, smoothed or after JPEG, too
NEAR = 32  # grey levels that JPEG moves a pixel by
SMOOTH = 16  # different values between the ends that tell a smoothed mask from ids
MOST = 64  # classes that can be inferred; more are a photo, or ids that only a table explains

Value = int | tuple[int, int, int]  # of a pixel in a file: grey or an index, or (r, g, b)
Table = Mapping[Value, int]  # {value in the file: class id}; empty if the values are the ids

BINARY: Table = {0: 0, 255: 1}


def pixels(source: str | bytes) -> np.ndarray:
    """A file path or encoded bytes -> values as the file has them: (H, W) integers, or uint8 (H, W,
    3) if coloured.

    A palette PNG gives its indices, not its colours, and a 1-bit picture bool, see `ids`.
    Raises ValueError with a reason in one line.
    """
    try:
        with pillow.opened(source) as picture:
            return _values(picture)
    except Exception as error:  # Pillow raises nearly anything on a damaged file
        reason = " ".join(str(error).split())
        raise ValueError(f"cannot be read as a mask: {reason}. Restore it") from error


def ids(values: np.ndarray, table: Table) -> tuple[np.ndarray, dict[Value, int]]:
    """Values of `pixels` -> (ids uint8 (H, W), {unknown value: pixels}); unknown pixels become
    IGNORE.

    table: {value: id}, see `Examples.masks`; empty means that the values are the ids. With a binary
    table, values in between, as a smoothed mask or JPEG has them, go to the nearer end. White of a
    1-bit picture is 255, or 1 if the table has no 255.
    """
    values = _grey_levels(values, white=255 if 255 in table else 1)
    coloured = values.ndim == 3
    if table.keys() == BINARY.keys() and not coloured:
        return np.where(values >= 128, table[255], table[0]).astype(np.uint8), {}
    meaning = _packed_table(table, coloured)
    found, inverse, counts = np.unique(_packed(values), return_inverse=True, return_counts=True)
    out = np.array([meaning.get(value, IGNORE) for value in found.tolist()], np.uint8)
    counted = zip(found.tolist(), counts.tolist(), strict=True)
    unknown = {_unpacked(v, coloured): n for v, n in counted if v not in meaning}
    return out[inverse].reshape(values.shape[:2]), unknown


def between(values: np.ndarray) -> float:
    """Share of the pixels of a binary mask that are neither 0 nor 255; 0 for a coloured one."""
    if values.ndim == 3 or values.dtype == bool:
        return 0.0
    return float(((values > 0) & (values < 255)).mean())


def slopes(values: np.ndarray) -> tuple[int, int]:
    """(pixels that lie between those on both sides, neighbours with another value between theirs).

    Scaling with interpolation turns the second into the first. (0, 0) for a mask with colours.
    """
    if values.ndim == 3:
        return 0, 0
    places = np.searchsorted(np.unique(values), values)
    ramps = jumps = 0
    for own in (places, places.T):
        steps = np.diff(own, axis=0)
        ramps += int(np.count_nonzero(steps[1:] * steps[:-1] > 0))
        jumps += int(np.count_nonzero(np.abs(steps) > 1))
    return ramps, jumps


def has_channels(source: str | bytes) -> bool:
    """Whether a file holds channels of colours, be they equal or not."""
    with pillow.opened(source) as picture:
        return len(picture.getbands()) > 2


def classes(
    sources: Iterable[str | bytes],
    where: str,
    names: Sequence[str] = (),
    table: Table | None = None,
) -> tuple[list[str], Table, list[Problem]]:
    """What the values of masks mean -> (class names, table, [Problem]), from all files and what is
    known of them.

    names, table: what a file of classes says, see `_mask_classes.read`; empty infers both from the
    values. 0 and 255 alone, or nearly so, are a binary mask; else 255 is IGNORE and each other
    value a class. Raises PipelineError if the values tell of no classes, or if they go up to 255 in
    even steps, as masks drawn to be looked at do, in which 255 is a class. Files that cannot be
    read are left to the audit.
    """
    if table:
        return list(names), table, []
    found = _counted(sources, where)
    # A few among grey ones are wrong each by itself, which the audit says.
    if len(found.coloured) > found.grey:
        raise PipelineError(_no_colours(found, where))
    if len(names) in (0, 2) and _is_binary(found.counts):
        return list(names or BINARY_NAMES), dict(BINARY), []
    if names:
        return list(names), dict(enumerate(range(len(names)))), []
    _refuse_even_steps(found.counts.keys(), where)
    return _inferred(found.counts.keys() - {IGNORE}, where)


def shown(value: Value) -> str:
    """A value of a mask as people write it: 7, or #ff0080."""
    return "#{:02x}{:02x}{:02x}".format(*value) if isinstance(value, tuple) else str(value)


@dataclass
class _Counted:
    """What the pixels of some masks are."""

    counts: collections.Counter = field(default_factory=collections.Counter)  # of grey values
    coloured: list[str] = field(default_factory=list)  # the files that have colours
    grey: int = 0  # files


def _counted(sources: Iterable[str | bytes], where: str) -> _Counted:
    """All masks that can be read."""
    found = _Counted()
    for source in sources:
        try:
            values = pixels(source)
        except ValueError:
            continue
        if values.ndim == 3:
            found.coloured.append(where if isinstance(source, bytes) else source)
            continue
        found.grey += 1
        levels = _grey_levels(values, white=255)
        unique, counts = np.unique(levels, return_counts=True)
        found.counts.update(dict(zip(unique.tolist(), counts.tolist(), strict=True)))
    return found


def _no_colours(found: _Counted, where: str) -> str:
    coloured = len(found.coloured)
    return (
        f"{where}: {coloured} of {coloured + found.grey} masks are coloured, the first"
        f" {found.coloured[0]}, and nothing says which colour is which class. Put a file"
        " classes.csv with lines NAME,R,G,B beside the folders."
    )


def _refuse_even_steps(values: Iterable[int], where: str) -> None:
    """Raises PipelineError for values such as 0, 85, 170, 255."""
    ordered = sorted(values)
    even = [round(i * 255 / (len(ordered) - 1)) for i in range(len(ordered))]
    pairs = zip(ordered, even, strict=True)
    if len(ordered) in range(3, MOST) and all(abs(value - step) <= 1 for value, step in pairs):
        shown = ", ".join(map(str, ordered))
        raise PipelineError(
            f"{where}: the masks have the values {shown}, so 255 may be a class, or pixels to"
            " ignore. Put a file classes.csv with lines NAME,VALUE beside the folders; what it does"
            " not list is ignored."
        )


def _inferred(values: Iterable[int], where: str) -> tuple[list[str], Table, list[Problem]]:
    """Each value as a class. Raises PipelineError if there are too many."""
    values = sorted(values)
    if len(values) > MOST:
        raise PipelineError(
            f"{where}: the masks have {len(values)} different values, which are no class ids: were"
            " they saved as JPEG, or are they photos? Save them as PNG, or put a file classes.txt"
            " with a name a line beside the folders."
        )
    names = list(map(str, values))
    message = f"each value is a class: {', '.join(names)}. Name them in classes.txt."
    return names, ids_of(values), [Problem("note", "inferred-classes", where, message)]


def _is_binary(counts: collections.Counter) -> bool:
    """{value: pixels} of all masks -> whether they hold 0 and 255, clean, smoothed, or after
    JPEG."""
    if not counts[255] or counts.keys() <= {0, 255}:
        return bool(counts[255])
    values = np.array(list(counts))
    pixels = np.array(list(counts.values()))
    is_end = (values <= NEAR) | (values >= 255 - NEAR)
    # Ids with an ignored border lie at these ends too, but they do not fill the range between.
    is_filled = np.sum((values > NEAR) & (values < 255)) > SMOOTH
    return bool(is_filled and pixels[is_end].sum() >= CLEAN * pixels.sum())


def _values(picture: Image.Image) -> np.ndarray:
    """The pixels of a mask: indices, grey values, or colours if they are any."""
    if picture.mode.startswith("I"):
        return np.asarray(picture).astype(np.int32)
    if picture.mode == "1":
        return np.asarray(picture)
    if picture.mode in ("L", "P"):
        return np.asarray(picture).astype(np.uint8)
    mode = "L" if picture.mode == "LA" else "RGB"
    return _grey(np.asarray(picture.convert(mode)))


def _grey_levels(values: np.ndarray, white: int) -> np.ndarray:
    """Values of `pixels` with `white` for the white of a 1-bit picture, and 0 for its black."""
    return values.astype(np.uint8) * np.uint8(white) if values.dtype == bool else values


def _grey(values: np.ndarray) -> np.ndarray:
    """(H, W) if a picture has no colours, else as it is."""
    is_grey = values.ndim == 3 and (values == values[:, :, :1]).all()
    return values[:, :, 0] if is_grey else values


def _packed(values: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 3) -> one integer a pixel, (H * W,)."""
    if values.ndim == 2:
        return values.reshape(-1).astype(np.int64)
    r, g, b = np.moveaxis(values.astype(np.int64), 2, 0).reshape(3, -1)
    return r << 16 | g << 8 | b


def _packed_table(table: Table, coloured: bool) -> dict[int, int]:
    """{value as `_packed` has it: id}, with IGNORE."""
    ids = table or dict(enumerate(range(IGNORE)))
    meaning = {_pack(key, coloured): i for key, i in ids.items()}
    return {_pack(IGNORE, coloured): IGNORE} | meaning


def _pack(key: Value, coloured: bool) -> int:
    """A key of a table as `_packed` has it in a file; a colour is nowhere in a grey one."""
    r, g, b = key if isinstance(key, tuple) else (key, key, key)
    if coloured:
        return r << 16 | g << 8 | b
    return r if r == g == b else -1


def _unpacked(value: int, coloured: bool) -> Value:
    return (value >> 16, value >> 8 & 255, value & 255) if coloured else value
