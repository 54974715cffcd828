"""The device half of `picture_translation`: a picture in, the same in the other domain out."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from . import pictures


def predict(
    source: pictures.Source, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict[str, np.ndarray]]:
    """A picture -> ({"size": [H, W], "to": [name of a domain]}, {"to_b": uint8 (H, W, 3)}).

    source: a file or bytes. run: {"image": uint8 (1, S, S, 3)} -> {"to_b": (1, S, S, 3) in [0, 1]},
        or "to_a". A model of both directions takes "a" and "b", and the answer has both.
    The picture is stretched to the model's square, and the answer back to its size. Raises
    ValueError with a reason.
    """
    picture = pictures.read_picture(source)
    height, width = picture.shape[:2]
    first, *_ = manifest["inputs"].values()
    square, _ = pictures.resize(picture, first["shape"][1])
    answers = run(dict.fromkeys(manifest["inputs"], square[None]))
    to, made = [], {}
    for domain, label in zip("ab", manifest["labels"] or ("A", "B"), strict=True):
        name = f"to_{domain}"
        if name in answers:
            to.append(label)
            made[name] = _enlarged(answers[name], height, width)
    return {"size": [height, width], "to": to}, made


def line(answer: dict) -> str:
    """An answer as people read it: `120 x 80 to horse, zebra`."""
    return f"{' x '.join(map(str, answer['size']))} to {', '.join(answer['to'])}"


def _enlarged(answer: np.ndarray, height: int, width: int) -> np.ndarray:
    """(1, S, S, 3) in [0, 1] -> uint8 (height, width, 3)."""
    values = np.clip(np.round(np.asarray(answer)[0] * 255), 0, 255)
    square = Image.fromarray(values.astype(np.uint8))
    return np.asarray(square.resize((width, height), Image.Resampling.BICUBIC))
