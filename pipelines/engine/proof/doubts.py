"""Why a model may have learned nothing: sentences for people, with what to try."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipelines import catalog
from pipelines.config import Config
from pipelines.engine.proof import floor, whole
from pipelines.task import Method, Part

FEW = 10  # examples of which fewer say little
EPOCHS = 3  # of a phase, below which its curve says little
FLAT = 0.01  # share of the first loss by which a loss that falls must fall
ROSE = 2.0  # times the first loss that a loss which explodes has reached
LOOK: Callable[[], Mapping] = dict  # an evaluation that says nothing


def of_result(part: Part, result: Mapping, method: Method, config: Any) -> dict:
    """What is to be said of an evaluation on `part`, besides its numbers.

    {"floor": value}, {"below_floor": sentence} and {"doubts": sentences, the last of which may be
    what to try}, each if there is anything.
    """
    found = floor.judged(part, result, method, config)
    own = method.doubts(result, config)
    said = [*_below(found), *_one_answer(result, config), *own, *_few(part, method, config)]
    return found | _advised(said, part, method, config)


def of_training(
    history: Sequence[Mapping],
    validation: Part,
    method: Method,
    config: Any,
    look: Callable[[], Mapping] = LOOK,
) -> dict:
    """The same of a whole training, by its validation.

    look: an evaluation on `validation`, asked for only if the model is not above the floor.
    """
    found = floor.of_training(history, validation, method, config)
    below = _below(found)
    said = [*below, *(_one_answer(look(), config) if below else ())]
    if isinstance(config, Config):
        said += _curve(history, method)
    if history:
        said += method.doubts(_validated(_best(history, method)), config)
    said += _few(validation, method, config)
    return found | _advised(said, validation, method, config)


def text(facts: Mapping) -> str:
    """All doubts of a run, an evaluation or a proof in one line, "" if there is none."""
    return " ".join(facts.get("doubts", [])) or facts.get("below_floor", "")


def _best(history: Sequence[Mapping], method: Method) -> Mapping:
    """The epoch with the best first score; the last one if none was judged."""
    name, sign = f"val_{method.scores[0].name}", method.scores[0].sign
    judged = [row for row in history if name in row]
    return max(judged, key=lambda row: sign * float(row[name]), default=history[-1])


def _validated(row: Mapping) -> dict:
    """{name: value} of what an epoch had on the validation split."""
    named = {name: row[name] for name in row if name.startswith("val_")}
    return {name.removeprefix("val_"): float(value) for name, value in named.items()}


def _below(found: Mapping) -> list[str]:
    return [found["below_floor"]] if "below_floor" in found else []


def _one_answer(result: Mapping, config: Any) -> list[str]:
    """Whether everything is taken for the same class, though there are several."""
    counts = result.get("matrices", {}).get("confusion", ())
    labels = result.get("labels", config.labels)
    answered = [i for i, column in enumerate(zip(*counts, strict=True)) if any(column)]
    # The last row and column of a detector are "no object", which is no label.
    is_label = len(answered) == 1 and answered[0] < len(labels)
    is_one = is_label and sum(map(any, counts)) > 1
    return [f"Everything is taken for {labels[answered[0]]!r}, whatever it is."] if is_one else []


def _few(part: Part, method: Method, config: Any) -> list[str]:
    """Whether a share of so few examples says little."""
    count = whole.count(part, method, config)
    if not (method.scores[0].counted and 0 < count < FEW):
        return []
    return [
        f"There are {count} examples to judge by, so chance decides much. Add some, at least {FEW}."
    ]


def _curve(history: Sequence[Mapping], method: Method) -> list[str]:
    """What the epochs say: the best was the first, the loss stood still or rose."""
    name = f"val_{method.scores[0].name}"
    rows = [row for row in history if name in row]
    if len(rows) < EPOCHS:
        return []
    values = [method.scores[0].sign * float(row[name]) for row in rows]
    if max(values) > values[0]:
        return []
    said = []
    if max(values[1:]) < values[0]:
        said.append(
            f"The first of {len(rows)} epochs was the best on the validation split: {name[4:]} was"
            f" {float(rows[0][name]):.3f}, and {float(rows[-1][name]):.3f} after the last."
        )
    return said + _loss([row for row in rows if row.get("phase") == rows[-1].get("phase")])


def _loss(rows: Sequence[Mapping]) -> list[str]:
    losses = [float(row["loss"]) for row in rows if "loss" in row]
    if len(losses) < EPOCHS or not math.isfinite(losses[-1]):
        return []
    first, last = losses[0], losses[-1]
    if last > ROSE * first > 0:
        return [f"The training loss rose from {first:.3g} to {last:.3g}."]
    if abs(first - last) <= FLAT * abs(first):
        return [f"The training loss stood still: {first:.4g} at first, {last:.4g} at the end."]
    return []


def _advised(said: list[str], part: Part, method: Method, config: Any) -> dict:
    """{"doubts": sentences}, with what to try if there is more than too few examples to blame."""
    if not said:
        return {}
    is_few_alone = said == _few(part, method, config)
    return {"doubts": said if is_few_alone else [*said, _advice(method, config)]}


def _advice(method: Method, config: Any) -> str:
    """What to try, as settings that the method has."""
    steps = []
    if isinstance(config, Config):
        steps.append("more epochs")
        if not method.phases(config)[0].solve:
            steps.append("learning_rate=find")
    others = [m.name for m in catalog.tasks()[method.task].methods if m.name != method.name]
    if others:
        steps.append(f"another method ({', '.join(others)})")
    steps.append("a look at the data (`pipelines audit`)")
    return f"Try {', '.join(steps[:-1])}{' or ' if len(steps) > 1 else ''}{steps[-1]}."
