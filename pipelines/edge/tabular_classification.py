"""The device half of `tabular_classification`: rows in, a label, or several, for each out."""

import os
from collections.abc import Callable

from . import classification, tables


def predict(
    source: str | os.PathLike | bytes, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict]:
    """A table, or JSON of one row or several -> ({"rows": [the answer of `classification`]}, {}).

    run: {"features": float32 (1, F)} -> outputs of `classification.named`. Raises ValueError with a
    reason.
    """
    found = []
    for features in tables.features(source, manifest):
        found.append(classification.named(run({"features": features}), manifest))
    return {"rows": found}, {}


def line(answer: dict) -> str:
    """An answer as people read it: `setosa 0.98`, of several rows one after the other."""
    return tables.listed(list(map(classification.short, answer["rows"])))
