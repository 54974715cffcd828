"""Checkpoints: every variable of a training, whole or not at all, without pickle."""

import json

import numpy as np

from pipelines.errors import PipelineError, Refused
from pipelines.files import appearing
from pipelines.records import checked, read_arrays
from pipelines.shapes import ANY


def variables(model, trained):
    """Everything that changes while `trained`, compiled and built, all of `model` or a part of it,
    trains: weights,
    random states, optimizer, metrics."""
    optimizer = trained.optimizer.variables if trained.compiled else []
    every = [*model.variables, *trained.variables, *optimizer, *trained.metrics_variables]
    found = {}
    for v in every:
        found.setdefault(id(v), v)
    return list(found.values())


def lasting(model, trained):
    """`variables` without those of metrics, which an epoch begins anew: the model's come first."""
    metrics = {id(v) for v in [*trained.metrics_variables, *model.metrics_variables]}
    return [v for v in variables(model, trained) if id(v) not in metrics]


def save(path, arrays, state):
    """Writes arrays (a list) and `state` (plain values) to one file. Raises Refused if an array
    is not finite."""
    for i, array in enumerate(arrays):
        if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
            raise Refused(f"array {i} of {path.name} holds NaN or infinity; it was not saved.")
    text = np.frombuffer(json.dumps(state).encode(), np.uint8)
    with appearing(path) as part, open(part, "wb") as file:
        np.savez(file, state=text, **{f"a{i:05d}": array for i, array in enumerate(arrays)})


def load(path, shape=ANY):
    """(arrays, state) of one file. Raises PipelineError if it is damaged, or its state not of
    `shape`."""
    try:
        found = read_arrays(path)
        state = json.loads(found.pop("state").tobytes())
        checked(path, state, shape)
    except (PipelineError, ValueError, KeyError, RecursionError) as error:
        raise PipelineError(
            f"{path} is damaged. Delete it: the run goes on from the one before. ({error})"
        ) from error
    return [found[name] for name in sorted(found)], state


def assign(targets, arrays, path):
    """Puts arrays into variables, in order. Raises PipelineError if they do not fit each
    other."""
    if [tuple(v.shape) for v in targets] != [a.shape for a in arrays]:
        raise PipelineError(
            f"{path} does not fit this model. It was made with other settings or another version."
        )
    for variable, array in zip(targets, arrays, strict=True):
        variable.assign(array)


def numpy(values):
    """Variables -> NumPy arrays, to be used before the variables change."""
    return [np.asarray(v.value) for v in values]
