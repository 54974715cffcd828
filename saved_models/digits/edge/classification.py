"""The device half of `classification`: a picture in, a label out."""

from collections.abc import Callable

import numpy as np

from . import pictures

TOP = 5


def predict(
    source: pictures.Source, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict]:
    """A picture, file or bytes -> (the answer of `ranked`, {}).

    run: {"image": uint8 (1, S, S, 3)} -> {"probabilities": (1, C)}. Raises ValueError with a
        reason.
    """
    side = manifest["inputs"]["image"]["shape"][1]
    picture = pictures.read_picture(source, ranges=pictures.ranges_of(manifest))
    picture, _ = pictures.resize(picture, side)
    probabilities = np.asarray(run({"image": picture[None]})["probabilities"])[0]
    return ranked(probabilities, manifest["labels"]), {}


def ranked(probabilities: np.ndarray, labels: list[str]) -> dict:
    """(C,) -> {"label": str, "probability": float, "top": [[label, probability], ...]}.

    top: the best first.
    """
    best = np.argsort(-probabilities, kind="stable")[:TOP]
    top = [[labels[i], float(probabilities[i])] for i in best]
    return {"label": top[0][0], "probability": top[0][1], "top": top}


def line(answer: dict) -> str:
    """An answer as people read it: `t-shirt 0.93  (shirt 0.04, dress 0.01)`."""
    first, *others = (f"{label} {probability:.2f}" for label, probability in answer["top"])
    return f"{first}  ({', '.join(others)})" if others else first
