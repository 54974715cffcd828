"""The device half of `cyclegan`: a picture in, the same picture redrawn in the other domain out."""

import numpy as np
from PIL import Image

from . import pictures


def predict(source, run, manifest):
    """A picture, file or bytes -> ({"size": [H, W], "to": [name of a domain]}, {"to_b": uint8 (H,
    W, 3)}).

    run: {"image": uint8 (1, S, S, 3)} -> {"to_b": (1, S, S, 3) in [0, 1]}, or "to_a". A model of
    both directions takes "a" and "b", and the answer has both. The picture is stretched to the
    model's square, and the answer back to its size. Raises ValueError with a reason.
    """
    picture = pictures.read_picture(source)
    height, width = picture.shape[:2]
    inputs = manifest["inputs"]
    square, _ = pictures.resize(picture, next(iter(inputs.values()))["shape"][1])
    answers = run({name: square[None] for name in inputs})
    domains = [domain for domain in "ab" if f"to_{domain}" in answers]
    made = {f"to_{domain}": _enlarged(answers[f"to_{domain}"], height, width) for domain in domains}
    names = dict(zip("ab", manifest["labels"] or ("A", "B"), strict=True))
    return {"size": [height, width], "to": [names[domain] for domain in domains]}, made


def line(answer):
    """An answer as people read it: `120 x 80 to horse, zebra`."""
    return f"{' x '.join(map(str, answer['size']))} to {', '.join(answer['to'])}"


def _enlarged(answer, height, width):
    square = Image.fromarray(
        np.clip(np.round(np.asarray(answer)[0] * 255), 0, 255).astype(np.uint8)
    )
    return np.asarray(square.resize((width, height), Image.Resampling.BICUBIC))
