"""A picture, a file path or encoded bytes, opened by Pillow."""

import io
from pathlib import Path

from PIL import Image

from pipelines.edge.pictures import FORMATS

ORIENTATION = 0x112  # EXIF's tag
ORIENTATIONS = range(1, 9)  # 2 to 8 are rotations and mirrorings
FIRST_TURNED = 5  # of those that exchange the sides
PNG_ORIENTATION = (b"eXIf", b"XML:com.adobe.xmp", b"Raw profile type")  # what may hold it in a PNG


def opened(source: str | Path | bytes) -> Image.Image:
    """Opens a picture of a format that we read, and decodes no pixel yet.

    Raises whatever Pillow raises on a damaged file, which is nearly anything.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    return Image.open(stream, formats=FORMATS)


def orientation(picture: Image.Image, source: str | Path | bytes) -> int:
    """EXIF's orientation, 1 to 8, of a picture that has just been `opened` from `source`.

    1 is upright, and so is whatever is no orientation.
    """
    # Pillow decodes a whole PNG to look for an orientation behind the pixels; nearly none has one.
    if picture.format == "PNG" and not _may_be_turned(source):
        return 1
    value = picture.getexif().get(ORIENTATION, 1)
    return value if value in ORIENTATIONS else 1


def size(source: str | Path | bytes) -> tuple[int, int]:
    """(height, width) of a picture as `read_picture` gives it, by its header.

    Raises whatever Pillow raises on a damaged file.
    """
    with opened(source) as picture:
        width, height = picture.size
        # Pillow turns a TIFF itself, and its size is that of the upright picture.
        is_turned = picture.format != "TIFF" and orientation(picture, source) >= FIRST_TURNED
    return (width, height) if is_turned else (height, width)


def _may_be_turned(source: str | Path | bytes) -> bool:
    """Whether a PNG has anything that may hold an orientation."""
    encoded = source if isinstance(source, bytes) else Path(source).read_bytes()
    return any(mark in encoded for mark in PNG_ORIENTATION)
