"""Pictures and masks as TensorFlow can decode them: what it would read wrongly is rewritten."""

import contextlib
import dataclasses
import functools
import hashlib
import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pipelines.edge.pictures import read_picture
from pipelines.errors import PipelineError
from pipelines.files import write_bytes
from pipelines.formats import _mask_files as mask_files
from pipelines.formats import _pillow as pillow
from pipelines.formats.examples import Examples

# Measured: of these, TensorFlow 2.21 decodes the very pixels that Pillow does, whatever the
# subsampling, interlacing, bit depth of a palette, or transparency
# (tests/test_pictures_prepare.py). A JPEG with several frames is an MPO.
AGREED = {
    "JPEG": ("L", "RGB"),
    "MPO": ("L", "RGB"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
}

Source = str | bytes  # a file path or encoded bytes
Decodes = Callable[[bytes], bool]
Read = Callable[[bytes], np.ndarray]


@dataclass(frozen=True)
class Header:
    """What a picture file says of itself before its pixels are decoded."""

    format: str | None  # Pillow's name: JPEG, PNG...
    mode: str  # Pillow's name: RGB, L, P, CMYK, I;16...
    is_rotated: bool  # an EXIF orientation is to be applied
    has_alpha: bool
    has_frames: bool  # more than one
    has_deep_colour: bool = False  # 16 bits a colour, of which Pillow reads the upper 8

    @property
    def is_grey(self) -> bool:
        """Whether it has a single channel beside transparency, by its mode."""
        return self.mode in ("1", "L", "LA", "F") or self.mode.startswith("I")

    @property
    def agreed(self) -> bool:
        """Whether TensorFlow's decoder for JPEG (exact DCT) or PNG gives `read_picture`'s
        pixels."""
        return self.mode in AGREED.get(self.format or "", ()) and not self.is_rotated


def header(source: Source) -> Header:
    """The Header of a picture. Raises whatever Pillow raises on a file that is no picture."""
    with pillow.opened(source) as picture:
        return Header(
            picture.format,
            picture.mode,
            pillow.orientation(picture, source) > 1,
            "A" in picture.getbands() or "transparency" in picture.info,
            getattr(picture, "is_animated", False),
            picture.format == "PNG" and _has_deep_colour(source),
        )


def prepare(
    examples: Examples, folder: str | Path, is_decoded: Decodes, ranges: Sequence[str] = ()
) -> Examples:
    """Examples whose every picture TensorFlow decodes to the pixels of `read_picture`.

    Pictures of which it does already stay where they are. The others are decoded once and kept in
    `folder` as PNG, or in memory if the column holds encoded bytes. Masks become grey PNGs of
    class ids, and their tables empty. is_decoded: whether TensorFlow decodes these bytes, since
    it refuses damaged files that Pillow takes. ranges: see `read_picture`. Raises PipelineError,
    naming the example, if one is unreadable.
    """
    columns = dict(examples.columns)
    read = functools.partial(read_picture, ranges=tuple(ranges))
    how = " ".join(ranges)
    picture = functools.partial(
        _prepared, folder=Path(folder), how=how, read=read, is_decoded=is_decoded
    )
    mask = functools.partial(_prepared_mask, folder=Path(folder), is_decoded=is_decoded)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name in examples.pictures:
            columns[name] = list(pool.map(picture, columns[name], examples.where))
        for name, table in examples.masks.items():
            change = functools.partial(mask, table=table)
            columns[name] = list(pool.map(change, columns[name], examples.where))
    return dataclasses.replace(examples, columns=columns, masks=dict.fromkeys(examples.masks, {}))


def _prepared(
    source: Source, where: str, folder: Path, how: str, read: Read, is_decoded: Decodes
) -> Source:
    # Pillow raises nearly anything on a damaged file; `read_picture` says it in one line.
    with contextlib.suppress(Exception):
        encoded = _bytes(source)
        if header(encoded).agreed and is_decoded(encoded):
            return source
    return _rewritten(source, where, folder, how, read)


def _prepared_mask(
    source: Source, where: str, table: mask_files.Table, folder: Path, is_decoded: Decodes
) -> Source:
    with contextlib.suppress(Exception):  # said in one line below
        encoded = _bytes(source)
        found = header(encoded)
        is_plain = not table and (found.format, found.mode) == ("PNG", "L")
        if is_plain and is_decoded(encoded):
            return source
    how = f"mask of any depth {sorted(table.items(), key=str)}"
    return _rewritten(source, where, folder, how, functools.partial(_class_ids, table=table))


def _class_ids(encoded: bytes, table: mask_files.Table) -> np.ndarray:
    return mask_files.ids(mask_files.pixels(encoded), table)[0]


def _rewritten(source: Source, where: str, folder: Path, how: str, read: Read) -> Source:
    """`source` as PNG of the pixels that `read` gives of its bytes; in memory or in `folder`, as
    `source` is.

    how: what `read` does, as far as the pixels depend on more than the bytes.
    """
    try:
        if isinstance(source, bytes):
            return _png(read(source))
        encoded = Path(source).read_bytes()
        file = folder / f"{hashlib.sha256(encoded + how.encode()).hexdigest()}.png"
        if not file.exists():
            write_bytes(file, _png(read(encoded)))
        return str(file)
    except ValueError as error:
        raise PipelineError(f"{where} {error}. `pipelines audit` lists all such files.") from error
    except OSError as error:
        raise PipelineError(f"{where} cannot be read: {error.strerror or error}.") from error


def _has_deep_colour(source: Source) -> bool:
    """Whether a PNG has 16 bits a colour, by its header (PNG specification, 11.2.2)."""
    depth, colour = _bytes(source)[24:26]
    return depth == 16 and colour != 0


def _bytes(source: Source) -> bytes:
    return source if isinstance(source, bytes) else Path(source).read_bytes()


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
