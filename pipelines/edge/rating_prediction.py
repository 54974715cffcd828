"""The device half of `rating_prediction`: ratings in, what someone would rate highest out."""

import json
import math
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import plain_text, recommendation

TOP, SHOWN = 10, 5  # items of an answer if it is not said, and in a line
FORM = 'Give JSON such as {"rated": {"A": 5, "B": 2}, "top": 5}'


def predict(
    source: str | os.PathLike | bytes, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict]:
    """JSON of {title or id: rating}, or of {"rated": that, "top"} -> ({"rated", "highest",
    "unknown"}, {}).

    highest: [{"item", "title", "rating"}] of what is not rated, the highest first. run: {"history",
    "ratings": float32 (1, I)} -> {"ratings": (1, I)}. Raises ValueError with a reason.
    """
    known = manifest["learned"]
    rated, top = _asked(plain_text.read(source))
    liked, unknown = recommendation.ids(list(rated), known)
    history, ratings = np.zeros((2, 1, len(known["items"])), np.float32)
    places = recommendation.Names(known).places
    for name, value in rated.items():
        i = places.get(recommendation.plain(name))
        if i is not None:  # of two names of one item, the last one counts
            history[0, i], ratings[0, i] = 1, value
    found = np.asarray(run({"history": history, "ratings": ratings})["ratings"])[0]
    order = np.argsort(-np.where(history[0] > 0, -np.inf, found), kind="stable")
    best = order[: min(top, len(order) - len(liked))]
    return {
        "rated": {known["titles"][i]: float(ratings[0, i]) for i in liked},
        "highest": [
            {"item": known["items"][i], "title": known["titles"][i], "rating": float(found[i])}
            for i in best
        ],
        "unknown": unknown,
    }, {}


def _asked(text: str) -> tuple[dict[str, float], int]:
    """({name: rating}, how many are wanted). Raises ValueError."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is no JSON. {FORM}") from error
    if not isinstance(given, dict) or not isinstance(given.get("rated"), dict):
        given = {"rated": given}
    rated, top = given["rated"], given.get("top", TOP)
    if not isinstance(rated, dict) or type(top) is not int or top < 1:
        raise ValueError(f"must have ratings by item, and top of 1 or more. {FORM}")
    if not rated:
        raise ValueError(f"rates nothing. {FORM}")
    bad = [name for name, value in rated.items() if not _is_rating(value)]
    if bad:
        raise ValueError(f"has no number for {bad[0]!r}. {FORM}")
    return dict(zip(map(str, rated), map(float, rated.values()), strict=True)), top


def _is_rating(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


def line(answer: Mapping[str, Any]) -> str:
    """An answer as people read it: `Heat (1995) 4.6, Ronin (1998) 4.4`."""
    found = ", ".join(f"{item['title']} {item['rating']:.1f}" for item in answer["highest"][:SHOWN])
    more = f". Unknown: {', '.join(answer['unknown'])}" if answer["unknown"] else ""
    return found + more
