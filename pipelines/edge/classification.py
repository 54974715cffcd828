"""The device half of `classification`: a picture in, a label out."""

import numpy as np

from . import pictures


def prepare(source, manifest):
    """A picture, file or bytes -> ({"image": uint8 (1, S, S, 3)}, its Placement). Raises ValueError with a reason."""
    size = manifest["inputs"]["image"]["shape"][1]
    method = manifest["config"].get("resize", "stretch")
    picture, placement = pictures.resize(pictures.read_picture(source), size, method)
    return {"image": picture[None]}, placement


def answer(outputs, context, manifest, top=5):
    """{name: probabilities (1, C)} -> {"label": str, "probability": float, "top": [[label, probability], ...]}."""
    (probabilities,) = (np.asarray(values)[0] for values in outputs.values())
    best = np.argsort(-probabilities, kind="stable")[:top]
    ranked = [[manifest["labels"][i], float(probabilities[i])] for i in best]
    return {"label": ranked[0][0], "probability": ranked[0][1], "top": ranked}


def line(answer):
    """An answer as people read it: `t-shirt 0.93  (shirt 0.04, dress 0.01)`."""
    first, *others = (f"{label} {probability:.2f}" for label, probability in answer["top"])
    return f"{first}  ({', '.join(others)})" if others else first
