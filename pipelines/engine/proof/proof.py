"""The proof of an exported file: it is run on held-out data and judged by the task's own
metrics."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipelines import catalog
from pipelines.edge import fitted, litert
from pipelines.engine.proof import evaluate, kinds, operations
from pipelines.task import SERVE, Answer, Method, Score

KINDS, NUMPY = kinds.KINDS, kinds.NUMPY
Z = 1.645  # one-sided 95 %
CLASS_FACTOR = 5  # times max_drop that a class of a score may lose that is no share of examples
FLOAT_SLACK = (
    1e-3  # by which an output in [0, 1] of a float file may differ from Keras's: 1e-5 is usual
)


def predictor(folder: Path, kind: str, method: Method) -> Answer:
    """A function, run(inputs, program=SERVE), of a batch -> outputs of a program of one exported
    file, by name. Raises ValueError if it does not run, as the function does."""
    path = folder / KINDS[kind]
    if kind == NUMPY:
        return fitted.Arrays(path, catalog.edge(method.fitted))
    if kind != "saved_model":
        return runner(path)
    try:
        operations.refuse_harmful(path)
        loaded = tf.saved_model.load(str(path))
    except OSError as error:
        raise ValueError(f"{path} cannot be loaded: {error}") from error

    def run(example, program):
        # A signature holds its variables weakly, so `loaded` has to stay.
        if program not in loaded.signatures:
            raise ValueError(f"the programs are {', '.join(loaded.signatures)}; got {program}.")
        given = {name: tf.constant(values) for name, values in example.items()}
        outputs = loaded.signatures[program](**given)
        return {name: values.numpy() for name, values in outputs.items()}

    return _by_one(run)


def runner(path):
    """`predictor` of one TFLite file."""
    return _by_one(litert.Model(path, threads=os.cpu_count()))


def _by_one(run):
    """A function of a batch out of one of a single example."""

    def predict(inputs, program=SERVE):
        arrays = {name: np.asarray(values) for name, values in inputs.items()}
        count = len(next(iter(arrays.values())))
        rows = []
        for i in range(count):
            rows.append(run({name: values[i : i + 1] for name, values in arrays.items()}, program))
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    return predict


def answering(run: Answer, method: Method, config: Any) -> Answer:
    """inputs (a batch) -> decoded outputs, by the programs of one file."""

    def answer(inputs):
        return method.answer(run, inputs, config)

    return answer


def answering_in_numbers(run: Answer, method: Method, config: Any) -> Answer:
    """`answering` of a file that is judged; raises ValueError if an answer holds NaN.

    A NaN may win an argmax, so a file that answers nothing else can score like a constant answer.
    """
    answer = answering(run, method, config)

    def checked(inputs):
        decoded = answer(inputs)
        lost = [name for name, values in decoded.items() if has_nan(values)]
        if lost:
            raise ValueError(f"its output {lost[0]} is NaN")
        return decoded

    return checked


def has_nan(values: Any) -> bool:
    """Whether an array of real numbers holds NaN; an array of another type never does."""
    array = np.asarray(values)
    return array.dtype.kind == "f" and bool(np.isnan(array).any())


def prove(folder, kind, part, method, config, reference, max_drop, keras=None, title=""):
    """One file's record: metrics, what it lost, whole and of the worst class, and the verdict.

    reference: the Keras model's metrics on the same part. keras: its predict, to measure
    `max_difference` of outputs. max_drop: see `gate`. title: what is shown meanwhile. A file that
    gives NaN fails, whatever it scores.
    """
    differences = []

    def compare(at, inputs, targets, decoded):
        differences.append(method.difference(keras(inputs), decoded, config))

    try:
        answer = answering_in_numbers(predictor(folder, kind, method), method, config)
        each = compare if keras else None
        metrics = evaluate.score(answer, part, method, config, each, title)
    except ValueError as error:
        return {"passed": False, "reason": f"{KINDS[kind]} gives no answer: {error}"}
    metrics = {k: v for k, v in metrics.items() if k not in ("matrices", "curves")}
    verdict = gate(metrics, reference, method.scores[0], max_drop, KINDS[kind])
    record = {"metrics": metrics, **verdict}
    if differences:
        record["max_difference"] = max(differences)
    return record


def gate(
    metrics: Mapping, reference: Mapping, score: Score, max_drop: float | None, file: str
) -> dict:
    """How much worse `score` is than in `reference`, whole and of the worst class, and the verdict.

    max_drop: the most that is allowed, in the score's own sense (see `Score.worsening`); None takes
    its tolerance. A class of n examples moves by 1/n if one of them flips. So if the score is a
    share of independent examples, it is the lower 95 % bound of the drop of a class that must stay
    within max_drop: drop - 1.645 sqrt(drop / n), the paired (McNemar) standard error if all flips
    go one way. With 12 examples 3 lost ones fail; with 500, 11 do. A class of any other score may
    lose CLASS_FACTOR times as much as the whole.
    """
    name, limit = score.name, score.limit(max_drop)
    drop = score.worsening(reference[name], metrics[name])
    record = {"drop": drop, "passed": True, "reason": ""}
    worst = _worst_class(metrics, reference, score, limit)
    if worst:
        record |= {"worst_class": worst.label, "worst_class_drop": worst.drop}
    if not drop <= limit:  # NaN fails too
        record["reason"] = (
            f"{file}: {name} went from {reference[name]:.4f} to {metrics[name]:.4f}, worse by more"
            f" than max-drop {limit:g}"
        )
    elif worst and worst.excess > 0:
        count = f", {worst.examples:.0f} examples" if worst.examples else ""
        record["reason"] = (
            f"{file}: class {worst.label!r} went from {worst.before:.3f} to {worst.after:.3f} in"
            f" {name}{count}, worse by more than max-drop {limit:g} allows"
        )
    record["passed"] = not record["reason"]
    return record


@dataclass(frozen=True)
class _Class:
    """What a class lost. excess: by how much that is more than what is allowed."""

    label: str
    before: float
    after: float
    drop: float
    excess: float
    examples: float | None


def _worst_class(metrics: Mapping, reference: Mapping, score: Score, limit: float) -> _Class | None:
    """The class that is furthest beyond its limit; if none is beyond, the one that lost most."""
    found = []
    for label, values in metrics.get("per_class", {}).items():
        before = reference["per_class"][label]
        if score.name in values and _is_judged(before, score):
            found.append(_lost(label, before, values, score, limit))
    return max(found, key=lambda lost: (max(lost.excess, 0), lost.drop), default=None)


def _is_judged(values: Mapping, score: Score) -> bool:
    """Whether a class had examples to be judged by."""
    value = values.get(score.name)
    return value is not None and not math.isnan(value) and bool(values.get("support", 1))


def _lost(label: str, before: Mapping, after: Mapping, score: Score, limit: float) -> _Class:
    old, new = before[score.name], after[score.name]
    new = 0.0 if math.isnan(new) else new
    drop, examples = score.worsening(old, new), before.get("support")
    if score.counted and examples:
        excess = drop - Z * math.sqrt(max(drop, 0) / examples) - limit
    else:
        excess = drop - CLASS_FACTOR * limit
    return _Class(label, old, new, drop, excess, examples)
