"""A picture, a file path or encoded bytes, opened by Pillow."""

import io
from pathlib import Path

from PIL import Image

from pipelines.edge.pictures import FORMATS

ORIENTATION = 0x112  # EXIF's tag: 2 to 8 are rotations and mirrorings, 5 to 8 exchange the sides


def opened(source: str | Path | bytes) -> Image.Image:
    """Opens a picture of a format that we read, and decodes no pixel yet.

    Raises whatever Pillow raises on a damaged file, which is nearly anything.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    return Image.open(stream, formats=FORMATS)


def orientation(picture: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; 1 is upright."""
    return picture.getexif().get(ORIENTATION, 1)
