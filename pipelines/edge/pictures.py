"""Pictures as every model takes them: decoded to uint8 RGB and resized, the same way in training and on the device."""

import codecs
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 100_000_000  # 300 MB as RGB; a larger one is a mistake or an attack
FORMATS = (
    "JPEG",
    "PNG",
    "BMP",
    "GIF",
    "WEBP",
    "TIFF",
    "PPM",
)  # no EPS: Pillow hands it to Ghostscript, which runs it
METHODS = ("stretch", "letterbox")
PADDING = 114  # grey of the letterbox's bars, as in YOLOv5: near the mean of natural pictures


def read_picture(source, max_pixels=MAX_PIXELS):
    """A file (str or Path) or encoded bytes -> uint8 (H, W, 3) RGB, upright.

    Applies the EXIF rotation, drops alpha, takes the first frame, and scales 16-bit grey to 8 bits.
    Raises ValueError with a reason in one line, which does not name the file, where it cannot be
    read or has more than `max_pixels`.
    """
    try:
        encoded = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from error
    picture = _opened(encoded, max_pixels)
    # The header has the size, so an oversized picture is refused before any memory is taken for it.
    if picture.width * picture.height > max_pixels:
        raise ValueError(_too_large(f"{picture.width} x {picture.height}", max_pixels))
    try:
        return _rgb(ImageOps.exif_transpose(picture), picture.format)
    except Exception as error:  # a damaged file raises nearly anything: SyntaxError, struct.error, zlib.error, EOFError
        raise ValueError(_damaged(error)) from error


def size(source):
    """(height, width) of a file or of encoded bytes in pixels, as its header has it: before any EXIF rotation."""
    with Image.open(
        io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS
    ) as picture:
        return picture.height, picture.width


def resize(picture, size, method="stretch"):
    """uint8 (H, W, 3) -> uint8 (size, size, 3) by antialiased bilinear filtering, and the
    `Placement` in it.

    "stretch" fills the square; "letterbox" keeps the ratio, centred between grey bars. Raises
    ValueError on another method. `tf.image.resize(antialias=True)`, rounded, agrees to one grey
    level.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}.")
    height, width = picture.shape[:2]
    inner = (size, size)
    if method == "letterbox":
        inner = tuple(
            max(1, round(length * size / max(height, width))) for length in (height, width)
        )
    top, left = ((size - length) // 2 for length in inner)
    resized = np.array(Image.fromarray(picture).resize(inner[::-1], Image.Resampling.BILINEAR))
    placement = Placement((height, width), (inner[0] / height, inner[1] / width), (top, left))
    if inner == (size, size):
        return resized, placement
    square = np.full((size, size, 3), PADDING, np.uint8)
    square[top : top + inner[0], left : left + inner[1]] = resized
    return square, placement


@dataclass(frozen=True)
class Placement:
    """Where a picture lies in the square it was resized to. Each pair is (vertical, horizontal)."""

    size: tuple  # of the original, pixels
    scale: tuple  # square pixels per original pixel
    offset: tuple  # of the picture's corner in the square, pixels

    def back(self, boxes_yxyx):
        """Boxes in pixels of the square -> pixels of the original, cut at its edges: (..., 4) -> float32 (..., 4)."""
        boxes = (np.asarray(boxes_yxyx, np.float64) - self.offset * 2) / (self.scale * 2)
        return np.clip(boxes, 0, self.size * 2).astype(np.float32)


def _opened(encoded, max_pixels):
    """The header of a picture, its pixels still undecoded."""
    try:
        return Image.open(io.BytesIO(encoded), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise ValueError(
            f"{_kind(encoded)}. Use {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        ) from error
    except Image.DecompressionBombError as error:
        raise ValueError(_too_large("far too many", max_pixels)) from error
    except Exception as error:
        raise ValueError(_damaged(error)) from error


def _rgb(picture, format):
    """A Pillow picture of any mode -> uint8 (H, W, 3)."""
    if picture.mode not in ("I", "F") and not picture.mode.startswith("I;16"):
        return np.array(picture.convert("RGB"))
    # Pillow's own conversion of these modes clips at 255, which turns most 16-bit pictures white.
    grey = np.nan_to_num(np.asarray(picture).astype(np.float64), posinf=0, neginf=0)
    grey = np.clip(
        np.round(grey * (255 / _white(grey.max(), picture.mode, format))), 0, 255
    ).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _white(largest, mode, format):
    """The value of white: 65535 in 16 bits; else, as the file does not say, the usual one that holds `largest`."""
    if mode.startswith("I;16") or (
        mode == "I" and format in ("PNG", "PPM")
    ):  # their widest grey has 16 bits
        return 65535
    usual = (1, 255, 65535) if mode == "F" else (255, 65535)
    return next((white for white in usual if largest <= white), largest)


def _kind(encoded):
    """What a file is that is no picture we read."""
    if not encoded:
        return "is an empty file, not a picture"
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(
            encoded[:512]
        )  # takes a character cut in two
    except UnicodeDecodeError:
        return "is not a picture"
    return "is not a picture" if "\0" in text else "is a text file, not a picture"


def _too_large(found, max_pixels):
    return f"has {found} pixels, more than the {max_pixels:,} allowed. Scale it down"


def _damaged(error):
    return f"is damaged or truncated: {' '.join(str(error).split()) or type(error).__name__}"
