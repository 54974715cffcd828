"""The device half of `super_resolution`: a picture of any size in, the same picture larger out."""

from collections.abc import Callable

import numpy as np

from . import pictures, tiles


def predict(
    source: pictures.Source, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict[str, np.ndarray]]:
    """A picture -> ({"size": [H, W], "enlarged": [s * H, s * W]}, {"enlarged": uint8 picture}).

    source: a file or bytes. run: {"image": uint8 (1, S, S, 3)} -> {"image": (1, s * S, s * S, 3) in
        [0, 1]}. Raises ValueError with a reason.
    """
    picture = pictures.read_picture(source, ranges=pictures.ranges_of(manifest))
    side, config = manifest["inputs"]["image"]["shape"][1], manifest["config"]
    scale, (height, width) = config["scale"], picture.shape[:2]
    if height * width * scale**2 > pictures.MAX_PIXELS:
        raise ValueError(
            f"is too large to be enlarged {scale} times: at most {pictures.MAX_PIXELS:,} pixels"
            " come out"
        )
    out = np.empty((height * scale, width * scale, 3), np.uint8)

    def one(square: np.ndarray) -> np.ndarray:
        return run({"image": square})["image"]

    for top, answer in tiles.bands(picture, side, one, config["margin"], scale=scale):
        out[top : top + len(answer)] = np.clip(np.round(answer * 255), 0, 255)
    return {"size": [height, width], "enlarged": list(out.shape[:2])}, {"enlarged": out}


def line(answer: dict) -> str:
    """An answer as people read it: `120 x 80 to 480 x 320`."""
    return f"{' x '.join(map(str, answer['size']))} to {' x '.join(map(str, answer['enlarged']))}"
