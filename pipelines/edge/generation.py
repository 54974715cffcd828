"""The device half of `generation`: a picture in, its code and the picture made anew out."""

from collections.abc import Callable

import numpy as np

from . import pictures


def predict(
    source: pictures.Source, run: Callable[..., dict], manifest: dict
) -> tuple[dict, dict[str, np.ndarray]]:
    """A picture -> ({"code": numbers, "mse": mean squared error}, {"image": uint8 picture}).

    source: a file or bytes. run: {"image": uint8 (1, S, S, 3)}, program encode -> {"code": (1, N)};
    {"code"}, program decode -> {"image": (1, S, S, 3) in [0, 1]}. Raises ValueError with a reason.
    """
    side = manifest["inputs"]["image"]["shape"][1]
    picture = pictures.read_picture(source, ranges=pictures.ranges_of(manifest))
    square, _ = pictures.resize(picture, side)
    code = run({"image": square[None]}, "encode")["code"]
    made = np.asarray(run({"code": code}, "decode")["image"])[0]
    error = float(np.mean((square / 255.0 - made) ** 2))
    image = np.clip(np.round(made * 255), 0, 255).astype(np.uint8)
    return {"code": np.asarray(code)[0].tolist(), "mse": error}, {"image": image}


def line(answer: dict) -> str:
    """An answer as people read it: `32 numbers, error 0.0123`."""
    return f"{len(answer['code'])} numbers, error {answer['mse']:.4f}"
