"""The device half of `tabular_regression`: rows in, a number, or several, for each out."""

import os
from collections.abc import Callable

from . import numbers, tables


def predict(
    source: str | os.PathLike | bytes, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict]:
    """A table, or JSON of one row or several -> ({"rows": [{column: number}]}, {}).

    One number alone is called "value". run: {"features": float32 (1, F)} -> {"value": (1, K)}.
    Raises ValueError with a reason.
    """
    found = []
    for features in tables.features(source, manifest):
        values = numbers.named(run({"features": features})["value"], manifest["learned"])
        found.append(values if len(values) > 1 else {"value": next(iter(values.values()))})
    return {"rows": found}, {}


def line(answer: dict) -> str:
    """An answer as people read it: `152.1`, of several rows one after the other."""
    return tables.listed(list(map(numbers.line, answer["rows"])))
