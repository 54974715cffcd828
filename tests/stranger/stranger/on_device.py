"""The device half of `rings`: a point as text in, a label out."""

import numpy as np

from pipelines.edge import classification
from pipelines.edge.classification import line  # noqa: F401 - a part of the contract


def predict(source, run, manifest):
    """ "0.3 -0.4" -> ({"label": str, "probability": float, "top": [...]}, {})."""
    point = np.array([source.split()], np.float32)
    if point.shape != (1, 2):
        raise ValueError("a point is two numbers, such as 0.3 -0.4")
    probabilities = np.asarray(run({"point": point})["probabilities"])[0]
    return classification.ranked(probabilities, manifest["labels"]), {}
