"""The device half of `picture_translation`: a picture in, redrawn in the other domain out."""

import numpy as np
from PIL import Image

from . import pictures
from .litert import SERVE

NAMES = ("to_a", "to_b")  # of what programs give


def predict(source, run, manifest):
    """A picture, file or bytes -> ({"size": [H, W], "to": [names of domains]}, {"to_b": uint8 (H,
    W, 3)}).

    run: ({"image": uint8 (1, S, S, 3)}, program) -> {"to_b": (1, S, S, 3) in [0, 1]}, or "to_a".
    Every program of the manifest is run, so the picture may be of either domain. It is stretched to
    the model's square, and the answers back to its size. Raises ValueError with a reason.
    """
    picture = pictures.read_picture(source, ranges=pictures.ranges_of(manifest))
    height, width = picture.shape[:2]
    square, _ = pictures.resize(picture, manifest["inputs"]["image"]["shape"][1])
    answers = {}
    for program in manifest.get("programs", (SERVE,)):
        answers |= run({"image": square[None]}, program)
    found = [name for name in NAMES if name in answers]
    domains = dict(zip(NAMES, manifest["labels"] or ("A", "B"), strict=True))
    made = {name: _enlarged(answers[name], height, width) for name in found}
    return {"size": [height, width], "to": [domains[name] for name in found]}, made


def line(answer: dict) -> str:
    """An answer as people read it: `120 x 80 to horse, zebra`."""
    return f"{' x '.join(map(str, answer['size']))} to {', '.join(answer['to'])}"


def _enlarged(answer: np.ndarray, height: int, width: int) -> np.ndarray:
    """(1, S, S, 3) in [0, 1] -> uint8 (height, width, 3)."""
    values = np.clip(np.round(np.asarray(answer)[0] * 255), 0, 255)
    square = Image.fromarray(values.astype(np.uint8))
    return np.asarray(square.resize((width, height), Image.Resampling.BICUBIC))
