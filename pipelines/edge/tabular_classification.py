"""The device half of `tabular_classification`: rows in, a label for each out."""

import os
from collections.abc import Callable

import numpy as np

from . import classification, tables

FILES = ("classification", "plain_text", "tables")


def predict(
    source: str | os.PathLike | bytes, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict]:
    """A table, or JSON of one row or several -> ({"rows": [the answer of `classification`]}, {}).

    run: {"features": float32 (1, F)} -> {"probabilities": (1, C)}. Raises ValueError with a reason.
    """
    found = []
    for features in tables.features(source, manifest):
        probabilities = np.asarray(run({"features": features})["probabilities"])[0]
        found.append(classification.ranked(probabilities, manifest["labels"]))
    return {"rows": found}, {}


def line(answer: dict) -> str:
    """An answer as people read it: `setosa 0.98`, of several rows one after the other."""
    return tables.listed([f"{row['label']} {row['probability']:.2f}" for row in answer["rows"]])
