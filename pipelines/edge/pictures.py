"""Pictures as every model takes them: decoded to uint8 RGB and resized.

It is done the same way in training and on the device.
"""

import codecs
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 100_000_000  # 300 MB as RGB; a larger one is a mistake or an attack
# No EPS: Pillow hands it to Ghostscript, which runs it.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
RANGES = "grey_range"  # what training learned of them
METHODS = ("stretch", "letterbox")
GREY, GREY_BITS, GREY_HALF = (19595, 38470, 7471), 16, 1 << 15  # ITU-R BT.601, as Pillow has it
PADDING = 114  # grey of the letterbox's bars, as in YOLOv5: near the mean of natural pictures
Source = str | os.PathLike | bytes  # a file, or what is in it


def read_picture(
    source: Source, max_pixels: int = MAX_PIXELS, ranges: Sequence[str] = ()
) -> np.ndarray:
    """A file or encoded bytes -> uint8 (H, W, 3) RGB, upright.

    Applies the EXIF rotation, drops alpha, takes the first frame, and scales grey of more than 8
    bits to 8 bits, by `ranges` as `ranges_of` gives them. Raises ValueError with a reason in one
    line, which does not name the file, if it cannot be read or has more than `max_pixels`.
    """
    picture = _upright(source, max_pixels)
    try:
        return _rgb(picture, picture.format, ranges)
    except Exception as error:
        raise ValueError(_damaged(error)) from error


def deep(source: Source) -> tuple[str, np.ndarray] | None:
    """("integer" or "float", grey values (H, W)) of a picture with more than 8 bits, else None.

    Raises ValueError if it cannot be read.
    """
    picture = _upright(source, MAX_PIXELS)
    if not _is_deep(picture):
        return None
    return _kind_of_grey(picture), np.asarray(picture)


def ranges_of(manifest: dict) -> Sequence[str]:
    """How grey of more than 8 bits is scaled, as it was in training: "float 0.0 0.98" and so on.

    Each has the kind of the numbers, and the values of black and of white.
    """
    return manifest.get("learned", {}).get(RANGES, ())


def _upright(source: Source, max_pixels: int) -> Image.Image:
    """A picture whose pixels are decoded. Raises ValueError."""
    picture = _opened(encoded(source), max_pixels)
    # The header has the size, so an oversized picture is refused before any memory is taken for it.
    if picture.width * picture.height > max_pixels:
        raise ValueError(_too_large(f"{picture.width} x {picture.height}", max_pixels))
    try:
        upright = ImageOps.exif_transpose(picture)
        upright.load()
    # A damaged file raises nearly anything: SyntaxError, struct.error, zlib.error, EOFError.
    except Exception as error:
        raise ValueError(_damaged(error)) from error
    upright.format = picture.format
    return upright


def encoded(source: Source) -> bytes:
    """What is in a file, or the bytes as they are. Raises ValueError with a reason in one line."""
    if isinstance(source, bytes):
        return source
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from error


def size(source: Source) -> tuple[int, int]:
    """(height, width) of a file or of encoded bytes, pixels, before any EXIF rotation."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    with Image.open(file, formats=FORMATS) as picture:
        return picture.height, picture.width


@dataclass(frozen=True)
class Placement:
    """Where a picture lies in the square it was resized to. Each pair is (vertical, horizontal)."""

    size: tuple[int, int]  # of the original, pixels
    scale: tuple[float, float]  # square pixels per original pixel
    offset: tuple[int, int]  # of the picture's corner in the square, pixels

    def back(self, boxes_yxyx: np.ndarray | Sequence) -> np.ndarray:
        """Boxes (..., 4) in pixels of the square -> float32 in pixels of the original.

        They are cut at its edges.
        """
        boxes = (np.asarray(boxes_yxyx, np.float64) - self.offset * 2) / (self.scale * 2)
        return np.clip(boxes, 0, self.size * 2).astype(np.float32)


def resize(picture: np.ndarray, size: int, method: str = "stretch") -> tuple[np.ndarray, Placement]:
    """uint8 (H, W, 3) -> uint8 (size, size, 3) by antialiased bilinear filtering, and its place.

    "stretch" fills the square; "letterbox" keeps the ratio, centred between grey bars. Raises
    ValueError on another method. `tf.image.resize(antialias=True)`, rounded, agrees to one grey
    level.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}.")
    height, width = picture.shape[:2]
    high = wide = size
    if method == "letterbox":
        longer = max(height, width)
        high, wide = max(1, round(height * size / longer)), max(1, round(width * size / longer))
    top, left = (size - high) // 2, (size - wide) // 2
    resized = np.array(Image.fromarray(picture).resize((wide, high), Image.Resampling.BILINEAR))
    placement = Placement((height, width), (high / height, wide / width), (top, left))
    if high == wide == size:
        return resized, placement
    square = np.full((size, size, 3), PADDING, np.uint8)
    square[top : top + high, left : left + wide] = resized
    return square, placement


def grey(picture: np.ndarray) -> np.ndarray:
    """uint8 (..., 3) -> uint8 (..., 1): the luma, whole numbers throughout."""
    weighed = (picture.astype(np.int32) * GREY).sum(-1, keepdims=True)
    return ((weighed + GREY_HALF) >> GREY_BITS).astype(np.uint8)


def _opened(content: bytes, max_pixels: int) -> Image.Image:
    """The header of a picture, its pixels still undecoded."""
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError as error:
        formats = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise ValueError(f"{_kind(content)}. Use {formats}") from error
    except Image.DecompressionBombError as error:
        raise ValueError(_too_large("far too many", max_pixels)) from error
    except Exception as error:
        raise ValueError(_damaged(error)) from error


def _rgb(picture: Image.Image, format: str, ranges: Sequence[str]) -> np.ndarray:
    """A Pillow picture of any mode -> uint8 (H, W, 3)."""
    if not _is_deep(picture):
        return np.array(picture.convert("RGB"))
    # Pillow's own conversion of these modes clips at 255, which turns most 16-bit pictures white.
    grey = np.nan_to_num(np.asarray(picture).astype(np.float64), posinf=0, neginf=0)
    lines = [line.split() for line in ranges]
    known = {kind: (float(black), float(white)) for kind, black, white in lines}
    usual = (0.0, _white(grey.max(), picture.mode, format))
    black, white = known.get(_kind_of_grey(picture), usual)
    grey = np.round((grey - black) * (255 / max(white - black, np.finfo(float).tiny)))
    grey = np.clip(grey, 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _is_deep(picture: Image.Image) -> bool:
    """Whether it is grey with more than 8 bits."""
    return picture.mode in ("I", "F") or picture.mode.startswith("I;16")


def _kind_of_grey(picture: Image.Image) -> str:
    return "float" if picture.mode == "F" else "integer"


def _white(largest: float, mode: str, format: str) -> float:
    """The value of white if no range is known: 65535 in 16 bits.

    Other files do not say it, so it is the usual one that holds `largest`.
    """
    is_widest = mode == "I" and format in ("PNG", "PPM")  # whose widest grey has 16 bits
    if is_widest or mode.startswith("I;16"):
        return 65535
    usual = (1, 255, 65535) if mode == "F" else (255, 65535)
    return next((white for white in usual if largest <= white), largest)


def _kind(content: bytes) -> str:
    """What a file is that is no picture we read."""
    if not content:
        return "is an empty file, not a picture"
    decoder = codecs.getincrementaldecoder("utf-8")()  # takes a character cut in two
    try:
        text = decoder.decode(content[:512])
    except UnicodeDecodeError:
        return "is not a picture"
    return "is not a picture" if "\0" in text else "is a text file, not a picture"


def _too_large(found: str, max_pixels: int) -> str:
    return f"has {found} pixels, more than the {max_pixels:,} allowed. Scale it down"


def _damaged(error: Exception) -> str:
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"is damaged or truncated: {reason}"
