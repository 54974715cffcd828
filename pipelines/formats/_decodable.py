"""Pictures and masks as TensorFlow can decode them: those that it would read wrongly, or not at all, are rewritten."""

import dataclasses
import functools
import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from pipelines.edge.pictures import FORMATS, read_picture
from pipelines.errors import PipelineError
from pipelines.files import write_bytes
from pipelines.formats import _mask_files as mask_files

ORIENTATION = 0x112  # EXIF's tag; 2 to 8 are rotations and mirrorings
# Measured: of these, TensorFlow 2.21 decodes the very pixels that Pillow does, whatever the
# subsampling, interlacing, bit depth of a palette, or transparency
# (tests/test_pictures_prepare.py). A JPEG with several frames is an MPO.
AGREED = {
    "JPEG": ("L", "RGB"),
    "MPO": ("L", "RGB"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
}
PNG_ORIENTATION = (
    b"eXIf",
    b"XML:com.adobe.xmp",
    b"Raw profile type",
)  # what may hold a PNG's orientation


@dataclass(frozen=True)
class Header:
    """What a picture file says of itself before its pixels are decoded."""

    format: str  # Pillow's name: JPEG, PNG...
    mode: str  # Pillow's name: RGB, L, P, CMYK, I;16...
    is_rotated: bool  # an EXIF orientation is to be applied
    has_alpha: bool
    has_frames: bool  # more than one

    @property
    def is_grey(self):
        """Whether it has a single channel beside transparency, by its mode."""
        return self.mode in ("1", "L", "LA", "F") or self.mode.startswith("I")

    @property
    def agreed(self):
        """Whether TensorFlow's decoder for JPEG (exact DCT) or PNG gives the pixels of `read_picture`."""
        return self.mode in AGREED.get(self.format, ()) and not self.is_rotated


def header(source):
    """The Header of a file path or of encoded bytes. Raises whatever Pillow raises on a file that is no picture."""
    with Image.open(
        io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS
    ) as picture:
        return Header(
            picture.format,
            picture.mode,
            _is_rotated(picture, source),
            "A" in picture.getbands() or "transparency" in picture.info,
            getattr(picture, "is_animated", False),
        )


def prepare(examples, folder):
    """Examples whose every picture TensorFlow decodes to the pixels of `read_picture`.

    Pictures of which it does already stay where they are. The others are decoded once and kept in
    `folder` as PNG, or in memory where the column holds encoded bytes. Masks become grey PNGs of
    class ids, and their tables empty. Raises PipelineError, naming the example, where one is
    unreadable.
    """
    folder = Path(folder)
    columns = dict(examples.columns)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name in examples.pictures:
            columns[name] = list(
                pool.map(lambda s, w: _prepared(s, w, folder), columns[name], examples.where)
            )
        for name, table in examples.masks.items():
            change = functools.partial(_prepared_mask, table=table, folder=folder)
            columns[name] = list(pool.map(change, columns[name], examples.where))
    return dataclasses.replace(examples, columns=columns, masks=dict.fromkeys(examples.masks, {}))


def _prepared(source, where, folder):
    try:
        if header(source).agreed:
            return source
    except (
        Exception
    ):  # Pillow raises nearly anything on a damaged file; read_picture says it in one line
        pass
    return _rewritten(source, where, folder, "", read_picture)


def _prepared_mask(source, where, table, folder):
    try:
        found = header(source)
        if not table and (found.format, found.mode) == ("PNG", "L"):
            return source
    except Exception:  # said in one line below
        pass
    how = f"mask {sorted(table.items(), key=str)}"
    return _rewritten(
        source,
        where,
        folder,
        how,
        lambda encoded: mask_files.ids(mask_files.pixels(encoded), table)[0],
    )


def _rewritten(source, where, folder, how, read):
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


def _png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _is_rotated(picture, source):
    if picture.format == "PNG":
        # Pillow decodes a whole PNG to look for an orientation behind the pixels; nearly none has
        # one.
        encoded = source if isinstance(source, bytes) else Path(source).read_bytes()
        if not any(mark in encoded for mark in PNG_ORIENTATION):
            return False
    return picture.getexif().get(ORIENTATION, 1) in range(2, 9)
