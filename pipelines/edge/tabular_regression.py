"""The device half of `tabular_regression`: rows in, a number for each out."""

import os
from collections.abc import Callable

import numpy as np

from . import tables

FILES = ("plain_text", "tables")


def predict(
    source: str | os.PathLike | bytes, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict]:
    """A table, or JSON of one row or several -> ({"rows": [{"value": number}]}, {}).

    run: {"features": float32 (1, F)} -> {"value": (1,)}. Raises ValueError with a reason.
    """
    found = []
    for features in tables.features(source, manifest):
        value = np.asarray(run({"features": features})["value"]).ravel()[0]
        found.append({"value": float(value)})
    return {"rows": found}, {}


def line(answer: dict) -> str:
    """An answer as people read it: `152.1`, of several rows one after the other."""
    return tables.listed([f"{row['value']:.4g}" for row in answer["rows"]])
