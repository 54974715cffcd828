"""Whether a model has learned anything: its first score against chance, or a constant answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pipelines.task import Method, Part


def judged(part: Part, result: Mapping, method: Method, config: Any) -> dict:
    """{"floor": value} of the first score on `part`, and {"below_floor": line} if it is not above.

    Empty if the floor is unknown.
    """
    floor = method.floor(part, config) if len(part) else None
    score = method.scores[0]
    if floor is None or score.name not in result:
        return {}
    value = result[score.name]
    if math.isfinite(value) and score.sign * value > score.sign * floor:
        return {"floor": floor}
    line = (
        f"The model has not learned: {score.name} is {value:.3f}, and a constant answer reaches"
        f" {floor:.3f}."
    )
    return {"floor": floor, "below_floor": line}


def of_training(history: list[Mapping], validation: Part, method: Method, config: Any) -> dict:
    """The same of a whole training, by its best epoch on the validation split."""
    score = method.scores[0]
    values = [float(row[f"val_{score.name}"]) for row in history if f"val_{score.name}" in row]
    if not values:
        return {}
    best = max(values, key=lambda value: score.sign * value)
    return judged(validation, {score.name: best}, method, config)
