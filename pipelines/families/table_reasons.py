"""What the answers to rows depend on: shuffled columns, columns that are moved, and what is left
over."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from etils import epy

from pipelines.progress import Progress
from pipelines.task import Answer, Arrays, Method, Part, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.edge import numbers
    from pipelines.edge import tables as edge

ROWS = 1000  # held-out rows that are looked at
SHUFFLES = 5  # of each column
MOST = 100  # columns that are shuffled
SHOWN = 3  # columns, the most important ones, whose partial dependence is drawn
PLACES = 21  # values of such a column
BINS = 20  # of residuals

Values = Callable[[Arrays], Mapping[str, Any]]  # decoded -> {what is answered: (N,)}


def explained(
    answer: Answer, part: Part, method: Method, config: Any, values: Values
) -> dict[str, Any]:
    """{"importance": {column: loss of score}, "curves": {name: curve}} on held-out rows.

    Importance is by how much the first score gets worse if the column is shuffled among the rows,
    the mean of SHUFFLES (Breiman 2001, section 10; Fisher et al. 2019). Columns that say the same
    as others have little; of more than MOST columns the first are shuffled, and a line says so.
    Partial dependence is the mean answer if all rows had one value in a column (Friedman 2001,
    section 8.2). values: what it is drawn of.
    """
    if len(part) < 2:
        return {}
    inputs, targets = part.sample(ROWS)
    rows = np.asarray(inputs["features"])
    places = _places(config)
    ranked = _importance(answer, rows, targets, places, method, config)
    curves = {}
    for column in _numbers(config, ranked):
        curves |= _dependence(answer, rows, column, places, values, config)
    return {"importance": ranked, "curves": curves}


def _importance(
    answer: Answer,
    rows: np.ndarray,
    targets: Any,
    places: Mapping[str, list[int]],
    method: Method,
    config: Any,
) -> dict[str, float]:
    """{column: by how much the first score gets worse}, the most important one first."""
    decoded, found = answer({"features": rows}), {}
    metric, score = _metric(method, config, targets, decoded)
    before = _score(metric, score.name, targets, decoded)
    shuffled = list(places.items())[:MOST]
    if len(shuffled) < len(places):
        print(
            f"note: what answers depend on is looked at for the first {MOST} of {len(places):,}"
            " columns.",
            file=sys.stderr,
        )
    with Progress("shuffling columns", len(shuffled), "columns") as bar:
        for name, own in shuffled:
            chance = np.random.default_rng(config.seed)
            copies = [_shuffled(rows, own, chance) for _ in range(SHUFFLES)]
            decoded = answer({"features": np.concatenate(copies)})
            parted = _parted(decoded, len(rows))
            after = [_score(metric, score.name, targets, part) for part in parted]
            found[name] = float(np.mean([score.worsening(before, value) for value in after]))
            bar.update()
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _parted(decoded: Arrays, count: int) -> list[Arrays]:
    """Answers to SHUFFLES copies of `count` rows, copy by copy."""
    starts = range(0, SHUFFLES * count, count)
    return [
        {name: values[start : start + count] for name, values in decoded.items()}
        for start in starts
    ]


def _places(config: Any) -> dict[str, list[int]]:
    """{column: which of the model's numbers it became}"""
    found: dict[str, list[int]] = {}
    for i, name in enumerate(edge.Columns(config.learned["columns"]).names()):
        found.setdefault(name, []).append(i)
    return found


def _numbers(config: Any, ranked: Mapping[str, float]) -> Iterator[dict]:
    """The most important columns of numbers, as they were learned."""
    columns = {own["name"]: own for own in map(json.loads, config.learned["columns"])}
    of_numbers = [name for name in ranked if columns[name]["kind"] == edge.NUMBER]
    for name in of_numbers[:SHOWN]:
        yield columns[name]


def _metric(method: Method, config: Any, targets: Any, decoded: Arrays) -> tuple[Any, Score]:
    """The metric that has the first score, and that score."""
    score = method.scores[0]
    for metric in method.metrics(config):
        metric.update_state(targets, decoded)
        if score.name in metric.result():
            return metric, score
    raise ValueError(f"no metric has {score.name}.")


def _score(metric: Any, name: str, targets: Any, decoded: Arrays) -> float:
    metric.reset_state()
    metric.update_state(targets, decoded)
    return float(metric.result()[name])


def _shuffled(rows: np.ndarray, own: Sequence[int], chance: np.random.Generator) -> np.ndarray:
    """The same with a column's numbers dealt out anew, together."""
    made = rows.copy()
    made[:, own] = rows[chance.permutation(len(rows))][:, own]
    return made


def _dependence(
    answer: Answer,
    rows: np.ndarray,
    column: Mapping,
    places: Mapping[str, list[int]],
    values: Values,
    config: Any,
) -> dict[str, dict]:
    """A curve for each thing that is answered, over the values that the column has in the rows."""
    at, *marks = places[column["name"]]
    grid = np.unique(np.quantile(rows[:, at], np.linspace(0.02, 0.98, PLACES)))
    means: dict[str, list[float]] = {}
    angles = config.learned.get("angles", ())
    for value in grid:
        made = rows.copy()
        made[:, at], made[:, marks] = value, 0.0
        for name, own in values(answer({"features": made})).items():
            means.setdefault(name, []).append(_mean(own, name in angles))
    x = (grid * column["deviation"] + column["mean"]).tolist()
    return {
        f"partial dependence: {name} on {column['name']}": {
            "x": x, "y": y, "x_label": column["name"], "y_label": name,
        }
        for name, y in means.items()
    }  # fmt: skip


def _mean(values: np.ndarray, is_angle: bool) -> float:
    """The mean of (N,); of angles in degrees, that of their cosines and sines as an angle."""
    if not is_angle:
        return float(np.mean(values))
    column = np.reshape(values, (-1, 1))
    rolled = numbers.rolled(column, ["turn"], ["turn"]).mean(0, keepdims=True)
    return float(numbers.unrolled(rolled, ["turn"], ["turn"])[0, 0])


def residuals(answer: Answer, part: Part, config: Any) -> dict[str, dict]:
    """Curves of what the first number leaves over: its spread, and its mean by what was
    answered."""
    inputs, targets = part.sample(ROWS)
    names, angles = config.learned["numbers"], config.learned.get("angles", ())
    found, true = (
        numbers.unrolled(np.asarray(own), names, angles)[:, 0]
        for own in (answer(inputs)["value"], targets)
    )
    left = numbers.apart(true, found, names[0] in angles)
    order = np.argsort(found, kind="stable")
    bins = [own for own in np.array_split(order, BINS) if len(own)]
    spread = np.sort(left)
    return {
        f"mean residual by {names[0]} found": {
            "x": [float(found[own].mean()) for own in bins],
            "y": [float(left[own].mean()) for own in bins],
            "x_label": f"{names[0]} found", "y_label": "true less found",
        },
        "distribution of residuals": {
            "x": spread.tolist(),
            "y": ((np.arange(len(spread)) + 1) / len(spread)).tolist(),
            "x_label": "true less found", "y_label": "share of rows below",
        },
    }  # fmt: skip
