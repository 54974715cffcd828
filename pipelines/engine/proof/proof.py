"""The proof of an exported file: it is run on held-out data and judged by the task's own metrics."""

import math
import os

import numpy as np
import tensorflow as tf

from pipelines import terminal
from pipelines.edge import litert
from pipelines.engine.export import convert
from pipelines.engine.proof import evaluate
from pipelines.task import SERVE

KINDS = {"saved_model": "saved_model", **convert.PATHS}
Z = 1.645  # one-sided 95 %
FLOAT_SLACK = (
    1e-3  # by which an output in [0, 1] of a float file may differ from Keras's: 1e-5 is usual
)


def predictor(folder, kind):
    """A function, run(inputs, program=SERVE), of a batch -> outputs of a program of one exported
    file, by name. Raises ValueError if it does not run, as the function does."""
    path = folder / KINDS[kind]
    if kind != "saved_model":
        return runner(path)
    try:
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
    with terminal.hushed():  # LiteRT greets on standard error
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


def prove(folder, kind, split, task, config, reference, max_drop, keras=None):
    """One file's record: metrics, the drop from `reference`, whole and of the worst class, and
    whether it passed.

    reference: the Keras model's metrics on the same split. keras: its predict, to measure
        `max_difference` of outputs.
    """
    differences = []

    def compare(at, inputs, targets, decoded):
        differences.append(apart(keras(inputs), decoded, task, config))

    try:
        predict = predictor(folder, kind)
        metrics = evaluate.score(
            predict, split, task, config, compare if keras else None, f"prove {KINDS[kind]}"
        )
    except ValueError as error:
        return {"passed": False, "reason": f"{KINDS[kind]} does not run: {error}"}
    metrics = {k: v for k, v in metrics.items() if k not in ("matrices", "curves")}
    record = {
        "metrics": metrics,
        **gate(metrics, reference, evaluate.headline(task, config), max_drop, KINDS[kind]),
    }
    if differences:
        record["max_difference"] = max(differences)
    return record


def apart(wanted, got, task, config):
    """How far decoded outputs lie from others, by the task's `difference` where it has one, else the largest of all."""
    if hasattr(task, "difference"):
        return task.difference(wanted, got, config)
    return max(difference(values, got[name]) for name, values in wanted.items())


def difference(wanted, got):
    """How far one output is from another: the largest difference of real numbers, the share of unequal ids."""
    if np.issubdtype(np.asarray(wanted).dtype, np.integer):
        return float(np.mean(np.asarray(wanted) != np.asarray(got)))
    return float(
        np.abs(np.asarray(wanted, np.float64) - np.asarray(got, np.float64)).max(initial=0)
    )


def gate(metrics, reference, name, max_drop, file):
    """The drop of metric `name`, whole and of the worst class, and whether `max_drop` allows it.

    Whole: drop <= max_drop. A class of n examples moves by 1/n when one of them flips, so for a
    class it is the lower 95 % bound of the drop that must stay within max_drop: drop - 1.645
    sqrt(drop / n), the paired (McNemar) standard error where all flips go one way. With 12 examples
    3 lost ones fail; with 500, 11 do.
    """
    sign = evaluate.better(name)
    drop = sign * (reference[name] - metrics[name])
    record = {"drop": drop, "passed": True, "reason": ""}
    worst = None
    for label, values in metrics.get("per_class", {}).items():
        before = reference["per_class"][label]
        if name in values and before.get("support", 1) and not math.isnan(before[name]):
            lost = sign * (before[name] - (0.0 if math.isnan(values[name]) else values[name]))
            excess = lost - Z * math.sqrt(max(lost, 0) / before.get("support", math.inf)) - max_drop
            # What fails comes first; among those that pass, the class that fell furthest.
            if worst is None or (max(excess, 0), lost) > (max(worst[0], 0), worst[1]):
                worst = (excess, lost, label, before[name], values[name], before.get("support"))
    if worst:
        record |= {"worst_class": worst[2], "worst_class_drop": worst[1]}
    if not drop <= max_drop:  # NaN fails too
        record["reason"] = (
            f"{file}: {name} fell from {reference[name]:.4f} to {metrics[name]:.4f}, by more than"
            f" max-drop {max_drop:g}"
        )
    elif worst and worst[0] > 0:
        count = f", {worst[5]:.0f} examples" if worst[5] else ""
        record["reason"] = (
            f"{file}: class {worst[2]!r} fell from {worst[3]:.3f} to {worst[4]:.3f} in"
            f" {name}{count}, by more than max-drop {max_drop:g} allows"
        )
    record["passed"] = not record["reason"]
    return record
