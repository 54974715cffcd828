"""The device half of `style_transfer`: a picture of any size in, the same picture in the style out."""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

from . import pictures, tiles

OTHER = 0.02  # difference in [0, 1] from which a picture is not the one that a run has painted


def predict(
    source: pictures.Source, run: Callable[[dict], dict], manifest: Mapping
) -> tuple[dict, dict[str, np.ndarray]]:
    """A picture -> ({"size": [H, W], "painted": [h, w]}, {"styled": uint8 (H, W, 3)}).

    source: a file or bytes. run: {"image": uint8 (1, S, T, 3)} -> {"image": (1, S, T, 3) in [0, 1]}.
    The picture is scaled so that it fits into the model's rectangle, where it has `painted` px, and
    the answer back to its own size. A model that has painted one picture alone also gives "apart",
    how far the given picture is from it. Raises ValueError with a reason.
    """
    picture = pictures.read_picture(source, ranges=pictures.ranges_of(manifest))
    size, shape = picture.shape[:2], manifest["inputs"]["image"]["shape"]
    given, (high, wide) = squared(picture, shape[1], shape[2])
    answer = run({"image": given[None]})
    if "apart" in answer and float(np.asarray(answer["apart"])[0]) > OTHER:
        raise ValueError(
            "is not the picture that this run has painted, and gatys learns no other. Train gatys"
            " again with it, or fast_style, which takes any"
        )
    made = np.asarray(answer["image"])[0][:high, :wide]
    values = np.clip(np.round(made * 255), 0, 255).astype(np.uint8)
    large = Image.fromarray(values).resize(size[::-1], Image.Resampling.BICUBIC)
    return {"size": list(size), "painted": [high, wide]}, {"styled": np.asarray(large)}


def line(answer: Mapping) -> str:
    """An answer as people read it: `120 x 80, painted at 60 x 40`."""
    size, painted = (" x ".join(map(str, answer[name])) for name in ("size", "painted"))
    return f"{size}, painted at {painted}"


def squared(picture: np.ndarray, high: int, wide: int) -> tuple[np.ndarray, tuple[int, int]]:
    """uint8 (H, W, 3) -> (uint8 (high, wide, 3), rows and columns of it that are the picture).

    The picture is scaled to fit at the top left, by antialiased bilinear filtering; from there on it
    is mirrored, so that a net sees nothing but what it shows.
    """
    inner = fitting(picture.shape[0], picture.shape[1], high, wide)
    resized = np.asarray(Image.fromarray(picture).resize(inner[::-1], Image.Resampling.BILINEAR))
    rows, columns = (tiles.mirrored(*both) for both in zip(inner, (high, wide), strict=True))
    return np.ascontiguousarray(resized[rows][:, columns]), inner


def fitting(height: int, width: int, high: int, wide: int) -> tuple[int, int]:
    """The largest size of a picture's ratio within (high, wide), at least 1 px on either side."""
    if height * wide >= width * high:
        return high, max(1, round(width * high / height))
    return max(1, round(height * wide / width)), wide
