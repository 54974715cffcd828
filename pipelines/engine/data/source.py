"""From what the user calls data to the splits of one run: read, audit, refuse or leave out, and match the labels."""

import dataclasses
import os
from pathlib import Path

import numpy as np

from pipelines import catalog
from pipelines.engine.audit import audit as auditing
from pipelines.engine.data import pictures
from pipelines.engine.data.split import Split
from pipelines.errors import PipelineError, Refused
from pipelines.formats.examples import UNLABELLED, Data


def read(source, format="auto", task=None, config=None):
    """Data of a catalog name, `tfds:NAME`, a path, or of Data itself; in the form that `task` wants, if it says one."""
    if not isinstance(source, Data):
        source = catalog.load(str(source), format, getattr(task, "LABELS", None))
    return task.adapt(source, config) if hasattr(task, "adapt") else source


def usable(data, on_bad_data, feature=None, unlabelled=False):
    """(data that training may use, its audit, names left out). Raises Refused where errors must be
    mended first.

    feature, unlabelled: see `audit.audit`.
    """
    result = auditing.audit(data, feature=feature, unlabelled=unlabelled)
    if not result.errors:
        return data, result, []
    if on_bad_data == "refuse":
        first = next(p for p in result.problems if p.severity == "error")
        raise Refused(
            f"the data has {result.errors} error{'s' if result.errors > 1 else ''}: {first.where}:"
            f" {first.message} `pipelines audit` lists all; on_bad_data=skip trains without these"
            " examples."
        )
    hopeless = [p for p in result.problems if p.severity == "error" and p.kind in auditing.HOPELESS]
    if hopeless:
        raise Refused(f"{hopeless[0].where}: {hopeless[0].message}")
    kept = auditing.without(data, result.bad)
    if not len(kept.splits.get("train", ())):
        raise Refused(
            f"every training example of {data.source} has an error. `pipelines audit` lists them."
        )
    return kept, result, sorted(result.bad)


def split(data, name, task, config):
    """Split `name` of `data`, with the labels of `config`. Raises PipelineError where it is missing or has others."""
    if name not in data.splits:
        raise PipelineError(
            f"{data.source} has no split {name!r}. It has: {', '.join(data.splits)}."
        )
    learned = feature(data, task)
    examples = relabelled(data, data.splits[name], config.labels, learned)
    if not unlabelled(task) and learned not in examples.masks:
        for where, value in zip(examples.where, examples.columns.get(learned, ()), strict=False):
            if np.ndim(value) == 0 and value == UNLABELLED:
                raise PipelineError(
                    f"{where} has no {learned}, which this task needs. Label it, or leave it out."
                )
    if hasattr(task, "check"):
        task.check(examples, config)
    examples = pictures.prepare(examples, _cache())
    return Split(expanded(examples, task, config), task, config)


def expanded(examples, task, config):
    """Examples as the task takes them: it may make several out of one, as tiles of a picture are."""
    return task.expand(examples, config) if hasattr(task, "expand") else examples


def feature(data, task):
    """The labelled feature that a task learns: its LABELS where it names one, else the data's
    first, or None.

    Raises PipelineError where the data lacks it.
    """
    wanted = getattr(task, "LABELS", None) or next(iter(data.labels), None)
    if wanted and wanted not in data.labels:
        raise PipelineError(
            f"{data.source} has no {wanted}, which this task learns; it has"
            f" {', '.join(data.labels) or 'no labels'}. Choose another task, or other data."
        )
    return wanted


def unlabelled(task):
    """Whether a task has use for examples without a label."""
    return getattr(task, "UNLABELLED", False)


def relabelled(data, examples, labels, feature):
    """Ids of `data`'s own labels of `feature` -> ids of `labels`; UNLABELLED stays what it is."""
    columns, masks, names = (
        dict(examples.columns),
        dict(examples.masks),
        data.labels.get(feature, ()),
    )
    if tuple(names) == tuple(labels) or feature not in columns:
        return examples
    if feature in masks:
        masks[feature] = _relabelled_table(data, masks[feature], names, labels, feature)
    else:
        ids = {
            UNLABELLED: UNLABELLED,
            **{i: labels.index(name) for i, name in enumerate(names) if name in labels},
        }
        for i, values in enumerate(columns[feature]):
            for value in values if hasattr(values, "__len__") else [values]:
                if int(value) not in ids:
                    raise PipelineError(
                        f"{examples.where[i]}: label {names[int(value)]!r} is not among the labels"
                        f" of training: {', '.join(labels)}."
                    )
        columns[feature] = [
            [ids[int(x)] for x in v] if hasattr(v, "__len__") else ids[int(v)]
            for v in columns[feature]
        ]
    return dataclasses.replace(examples, columns=columns, masks=masks)


def _relabelled_table(data, table, names, labels, feature):
    """A mask's table that leads to ids of `labels`."""
    missing = [name for name in names if name not in labels]
    if missing:
        raise PipelineError(
            f"{data.source}: class {missing[0]!r} of {feature} is not among the labels of training:"
            f" {', '.join(labels)}."
        )
    return {
        value: labels.index(names[i])
        for value, i in (table or {i: i for i in range(len(names))}).items()
    }


def _cache():
    """Where pictures that TensorFlow cannot decode lie in a form that it can."""
    return (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pipelines" / "pictures"
    )
