"""The device half of `classification`: a picture in, a label, several, or numbers out."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from . import numbers, pictures

TOP = 5


def predict(
    source: pictures.Source, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict]:
    """A picture, file or bytes -> (the answer of `named`, {}).

    run: {"image": uint8 (1, S, S, 3)} -> outputs, see `named`. Raises ValueError with a reason.
    """
    side = manifest["inputs"]["image"]["shape"][1]
    picture = pictures.read_picture(source, ranges=pictures.ranges_of(manifest))
    picture, _ = pictures.resize(picture, side)
    return named(run({"image": picture[None]}), manifest), {}


def named(outputs: Mapping[str, np.ndarray], manifest: Mapping) -> dict:
    """The outputs for one example -> its answer, by what the model has learned.

    One class: {"probabilities": (1, C)} -> `ranked`; labels: {"probabilities", "thresholds": (1,
    C)} -> `several`; numbers: {"value": (1, K)} -> {"numbers": {name: number}}.
    """
    if "value" in outputs:
        return {"numbers": numbers.named(outputs["value"], manifest["learned"])}
    probabilities = np.asarray(outputs["probabilities"])[0]
    if "thresholds" in outputs:
        return several(probabilities, np.asarray(outputs["thresholds"])[0], manifest["labels"])
    return ranked(probabilities, manifest["labels"])


def ranked(probabilities: np.ndarray, labels: Sequence[str]) -> dict:
    """(C,) -> {"label": str, "probability": float, "top": [[label, probability], ...]}.

    top: the best first.
    """
    best = np.argsort(-probabilities, kind="stable")[:TOP]
    top = [[labels[i], float(probabilities[i])] for i in best]
    return {"label": top[0][0], "probability": top[0][1], "top": top}


def several(probabilities: np.ndarray, thresholds: np.ndarray, labels: Sequence[str]) -> dict:
    """(C,) twice -> {"labels": those at or above their threshold, "probabilities": {label:
    one}}."""
    chances = dict(zip(labels, map(float, probabilities), strict=True))
    holds = np.asarray(probabilities) >= np.asarray(thresholds)
    found = [label for label, is_there in zip(labels, holds, strict=True) if is_there]
    return {"labels": found, "probabilities": chances}


def line(answer: dict) -> str:
    """An answer as people read it.

    `t-shirt 0.93  (shirt 0.04, dress 0.01)`, `upper 0.98, long 0.71`, or `age 31.2`.
    """
    if "numbers" in answer:
        return numbers.line(answer["numbers"])
    if "labels" in answer:
        found = (f"{label} {answer['probabilities'][label]:.2f}" for label in answer["labels"])
        return ", ".join(found) or "none"
    first, *others = (f"{label} {probability:.2f}" for label, probability in answer["top"])
    return f"{first}  ({', '.join(others)})" if others else first


def short(answer: dict) -> str:
    """The same without the labels that come second."""
    if "top" in answer:
        return f"{answer['label']} {answer['probability']:.2f}"
    return line(answer)
