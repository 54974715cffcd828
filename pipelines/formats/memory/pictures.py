"""Pictures and masks in memory -> encoded ones, as files hold them; none loses a pixel."""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from pipelines.errors import PipelineError

MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")  # of Pillow, that a PNG holds as they are
CHANNELS = (1, 3, 4)
Where = Callable[[int], str]  # index of an example -> what it is called in a message
Encoded = str | bytes  # a path, or what a file would hold


def encoded(values: Sequence, where: Where) -> list[Encoded]:
    """Pictures of any kind -> paths as they are, and PNGs of what is in memory.

    A value is a path, encoded bytes, a Pillow picture, or an array (H, W) or (H, W, 1, 3 or 4). Of
    arrays of floats all together tell whether white is 1 or 255. Raises PipelineError for other
    shapes, for NaN and for values below 0 or above 255.
    """
    arrays = {i: _array(value, where(i)) for i, value in enumerate(values) if _has_pixels(value)}
    white = _white(arrays, where)
    return [
        png(_levels(arrays[i], white)) if i in arrays else _as_given(value, where(i))
        for i, value in enumerate(values)
    ]


def masks(values: Sequence, where: Where) -> list[Encoded]:
    """Masks of any kind -> paths as they are, and grey PNGs of what is in memory.

    A value is as in `encoded`, an array (H, W) or (H, W, 1) of class ids 0 to 255, or of bool,
    whose True becomes 255. Raises PipelineError for other values.
    """
    return [
        png(_ids(value, where(i))) if _has_pixels(value) else _as_given(value, where(i))
        for i, value in enumerate(values)
    ]


def one(value: Any) -> Encoded | None:
    """A single picture of any kind -> a path or a PNG; None if it is no picture.

    Raises ValueError, with a reason that does not name it.
    """
    if not _has_pixels(value) and not isinstance(value, (str, os.PathLike, bytes, Image.Image)):
        return None
    try:
        return encoded([value], lambda _: "this picture")[0]
    except PipelineError as error:
        raise ValueError(str(error).removeprefix("this picture ").rstrip(".")) from error


def _has_pixels(value: Any) -> bool:
    return hasattr(value, "shape") and not isinstance(value, (str, bytes, Image.Image))


def _as_given(value: Any, where: str) -> Encoded:
    if isinstance(value, bytes):
        return value
    if isinstance(value, Image.Image):
        return _of_pillow(value)
    if isinstance(value, (str, os.PathLike)):
        return os.path.abspath(os.path.expanduser(value))
    raise PipelineError(
        f"{where} must be a picture: an array, a Pillow picture, a path or encoded bytes; got"
        f" {type(value).__name__}."
    )


def _of_pillow(picture: Image.Image) -> bytes:
    """A Pillow picture, upright, as PNG."""
    upright = ImageOps.exif_transpose(picture)
    kept = upright if upright.mode in MODES else upright.convert("RGB")
    buffer = io.BytesIO()
    kept.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _array(value: Any, where: str) -> np.ndarray:
    """(H, W), or (H, W, 3 or 4), of numbers. Raises PipelineError."""
    array = np.asarray(value)
    if array.shape[2:] == (1,):
        array = array[:, :, 0]
    is_picture = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in CHANNELS)
    if not is_picture or not array.size:
        raise PipelineError(_no_picture(array, where))
    if array.dtype.kind not in "buif":
        raise PipelineError(f"{where} must be numbers; got an array of {array.dtype}.")
    return array


def _no_picture(array: np.ndarray, where: str) -> str:
    wanted = f"{where} must be a picture (height, width, channels); got the shape {array.shape}."
    if array.ndim == 3 and array.shape[0] in CHANNELS:
        return f"{wanted} Move the channels to the end: np.moveaxis(x, 1, -1)."
    if array.ndim == 1 and array.size:
        side = round(array.size**0.5)
        is_square = side * side == array.size
        advice = f"x.reshape(-1, {side}, {side})" if is_square else "x.reshape(-1, height, width)"
        return f"{wanted} Reshape: {advice}."
    return f"{wanted} Channels are {', '.join(map(str, CHANNELS))}, or none at all."


def _white(arrays: dict[int, np.ndarray], where: Where) -> float:
    """What white is in the arrays of floats: 1 or 255. Raises PipelineError if a value is
    outside."""
    floats = {i: array for i, array in arrays.items() if array.dtype.kind == "f"}
    for i, array in floats.items():
        if not np.isfinite(array).all():
            raise PipelineError(
                f"{where(i)} holds NaN or infinity. Find out where it comes from, or leave the"
                " picture out."
            )
    low = min((float(array.min()) for array in arrays.values()), default=0.0)
    high = max((float(array.max()) for array in arrays.values()), default=0.0)
    if low < 0 or high > 255:
        raise PipelineError(
            f"the pictures hold values from {min(low, 0):g} to {max(high, 0):g}, and must be 0 to"
            " 255, or floats 0 to 1. Undo the normalisation; the model scales pictures by itself."
        )
    return 1.0 if floats and high <= 1 else 255.0


def _levels(array: np.ndarray, white: float) -> np.ndarray:
    """Numbers -> uint8, where floats have `white` and True is white."""
    if array.dtype.kind == "f":
        return np.rint(array.astype(np.float64) * (255 / white)).astype(np.uint8)
    return array.astype(np.uint8) * np.uint8(255 if array.dtype == bool else 1)


def _ids(value: Any, where: str) -> np.ndarray:
    """A mask -> uint8 (H, W)."""
    array = np.asarray(value)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2:
        raise PipelineError(
            f"{where} must be a mask (height, width) of class ids; got the shape {array.shape}."
            " Of one channel per class take mask.argmax(-1)."
        )
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    rounded = array.astype(np.uint8)
    if not (array == rounded).all():
        raise PipelineError(
            f"{where} must hold class ids, whole numbers 0 to 255; got {array.min():g} to"
            f" {array.max():g}."
        )
    return rounded


def png(pixels: np.ndarray) -> bytes:
    """uint8 (H, W), or (H, W, 3 or 4) -> a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def batch(value: Any) -> Iterator[Any] | None:
    """The pictures of an array (N, H, W) or (N, H, W, C), one by one; None if it is one picture."""
    array = np.asarray(value) if _has_pixels(value) else None
    if array is None or array.ndim < 3 or (array.ndim == 3 and array.shape[2] in CHANNELS):
        return None
    return iter(array)
