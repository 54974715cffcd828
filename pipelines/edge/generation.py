"""The device half of `generation`: a picture in, its code and the picture made anew out."""

from collections.abc import Callable

import numpy as np

from . import pictures


def predict(
    source: pictures.Source, run: Callable[..., dict], manifest: dict
) -> tuple[dict, dict[str, np.ndarray]]:
    """A picture -> ({"latent": numbers, "mse": mean squared error}, {"image": uint8 picture}).

    source: a file or bytes. run: {"image": uint8 (1, S, S, C)}, program encode -> {"latent": (1,
    N)}; {"latent"}, program decode -> {"image": (1, S, S, C) in [0, 1]}. Raises ValueError with a
    reason.
    """
    given = taken(source, manifest)
    latent = run({"image": given[None]}, "encode")["latent"]
    made = np.asarray(run({"latent": latent}, "decode")["image"])[0]
    error = float(np.mean((given / 255.0 - made) ** 2))
    return {"latent": np.asarray(latent)[0].tolist(), "mse": error}, {"image": shown(made)}


def taken(source: pictures.Source, manifest: dict) -> np.ndarray:
    """A picture as the model takes it: uint8 (S, S, C), as in training. Raises ValueError."""
    side, config = manifest["inputs"]["image"]["shape"][1], manifest["config"]
    picture = pictures.read_picture(source, ranges=pictures.ranges_of(manifest))
    square, _ = pictures.resize(picture, side)
    if config["channels"] == 1:
        square = pictures.grey(square)
    return (square >= config["cut"]).astype(np.uint8) * np.uint8(255) if config["cut"] else square


def shown(picture: np.ndarray) -> np.ndarray:
    """(S, S, C) in [0, 1] -> uint8 (S, S, 3), or (S, S) if it is grey."""
    values = np.clip(np.round(np.asarray(picture) * 255), 0, 255).astype(np.uint8)
    return values[:, :, 0] if values.shape[-1] == 1 else values


def line(answer: dict) -> str:
    """An answer as people read it: `32 numbers, error 0.0123`."""
    return f"{len(answer['latent'])} numbers, error {answer['mse']:.4f}"
