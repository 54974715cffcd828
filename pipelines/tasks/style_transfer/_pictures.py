"""The pictures that users name: a style, by file or pattern, and a picture to paint."""

import importlib.util
import math
from pathlib import Path

from etils import epy

from pipelines.errors import PipelineError, nearest

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    from PIL import Image

    from pipelines.edge import pictures, style_transfer
    from pipelines.ops import patterns

LEAST = 32  # px of either side: less shows a net of strides up to 16 nothing
LONGEST = 8  # times the short side: a strip has nothing to paint
BUNDLED = {"chelsea": "skimage/data/chelsea.png"}  # a cat; see datasets/photos


def style(config) -> "np.ndarray":
    """The picture of the style, uint8 (h, w, 3): as it was kept, or of the setting `style`.

    A file is reduced to the area of a square of `style_size`. Raises PipelineError if it cannot be.
    """
    if "style" in config.learned:
        return config.learned["style"]
    if config.style in patterns.PATTERNS:
        return patterns.draw(config.style, config.style_size)
    known = list(patterns.PATTERNS)
    path = Path(config.style).expanduser()
    if not path.exists():
        raise PipelineError(
            f"there is no style {config.style!r}. Name a picture file or a pattern."
            f" {nearest(config.style, known)}"
        )
    picture = read(path, "style")
    scale = min(1.0, config.style_size / math.sqrt(picture.shape[0] * picture.shape[1]))
    return _resized(picture, *(max(1, round(side * scale)) for side in picture.shape[:2]))


def content(name, side) -> "np.ndarray":
    """A picture to paint, by file or by its name in BUNDLED, whose longer side becomes `side`."""
    picture = read(place(name), "picture to paint")
    return _resized(picture, *style_transfer.fitting(*picture.shape[:2], side, side))


def place(name) -> Path:
    """The file of a picture to paint. Raises PipelineError if there is none."""
    inner = BUNDLED.get(str(name))
    if inner is None or Path(name).exists():
        return Path(name).expanduser()
    package, _, file = inner.partition("/")
    return Path(importlib.util.find_spec(package).submodule_search_locations[0]) / file


def is_picture(name) -> bool:
    """Whether data is one picture: a file whose header is that of one, or a name in BUNDLED."""
    if not isinstance(name, (str, Path)) or Path(name).is_dir():
        return False
    if str(name) in BUNDLED:
        return True
    try:
        return min(pictures.size(Path(name).expanduser())) > 0
    except Exception:  # no file, no picture, or a damaged one: whoever reads it says so
        return False


def read(path, what) -> "np.ndarray":
    """uint8 (H, W, 3) of a file. Raises PipelineError if it is no picture of a usable size."""
    try:
        picture = pictures.read_picture(path)
    except ValueError as error:
        raise PipelineError(f"the {what} {path} {error}. Name another picture.") from error
    height, width = picture.shape[:2]
    short, long = sorted((height, width))
    if short < LEAST:
        raise PipelineError(
            f"the {what} {path} has {width} x {height} px; {LEAST} are the least on either side."
            " Name a larger picture."
        )
    if long > LONGEST * short:
        raise PipelineError(
            f"the {what} {path} has {width} x {height} px; one side may be {LONGEST} times the other"
            " at most. Cut a part out of it."
        )
    return picture


def _resized(picture, height, width):
    return np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))
