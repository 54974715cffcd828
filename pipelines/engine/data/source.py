"""A data set as a source of a run: read, audited, refused or left out, with the labels of
training."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import catalog
from pipelines.config import Config
from pipelines.edge import pictures as edge
from pipelines.engine.audit import audit as auditing
from pipelines.engine.data import decoding, kept
from pipelines.engine.data.split import Split
from pipelines.errors import PipelineError, Refused
from pipelines.formats import _decodable as pictures
from pipelines.formats.examples import UNLABELLED, Data, Examples
from pipelines.formats.memory import holding, reading
from pipelines.progress import Progress
from pipelines.task import Feature, Method, Part

LABELLED = ("label", "labels", "tags", "mask")  # kinds of feature that `feature` looks for


class DataSet:
    """The splits of one data set, as a method takes them: a `Source`.

    data: as the method learns it, without what was left out. config: resolved.
    """

    def __init__(self, data: Data, method: Method, config: Config):
        self.data, self.method, self.config = data, method, config
        self._parts: dict[str, Split] = {}

    def fingerprint(self) -> str:
        return self.data.fingerprint()

    def audit(self, method: Method, config: Config) -> list:
        """Problems of the data."""
        return audited(self.data, method).problems

    def train(self, first_step: int = 0, net: Any = None):
        """Batches (inputs, targets) from step `first_step` on, shuffled and augmented, without
        end."""
        return self.held_out("train").train(first_step)

    def parts(self) -> dict[str, int]:
        return {name: len(examples) for name, examples in self.data.splits.items()}

    def held_out(self, name: str) -> Split:
        """One split, made once."""
        if name not in self._parts:
            self._parts[name] = split(self.data, name, self.method, self.config)
        return self._parts[name]

    def through(self, fixed: Any) -> DataSet:
        """The same with features in place of inputs: what the model `fixed` makes of each
        example."""
        made = copy.copy(self)
        names = ("train", "validation")
        made._parts = {name: self.held_out(name).through(fixed) for name in names}
        return made


def held(value: Any, method: Method, labels: Sequence[str] = ()) -> Any:
    """What a program holds in memory as Data, for the task of `method`; anything else as it is.

    labels: class names by id, for labels that are numbers.
    """
    if isinstance(value, Data) or not holding.holds(value):
        return value
    if method.source(value, None) is not None:
        return value
    optional = [name for name, own in method.features.items() if own.optional]
    optional = [name for name in optional if method.features[name].kind in LABELLED]
    features = {
        name: own.kind
        for name, own in method.features.items()
        if name in optional or not own.optional
    }
    return reading.read(value, features, method.task, labels, optional)


def read(source: Any, format: str, method: Method, config: Config) -> Data:
    """Data of a catalog name, `tfds:NAME`, a path, or held in memory; as `method` learns it."""
    source = held(source, method, config.labels)
    if not isinstance(source, Data):
        with Progress("reading the data"):
            source = catalog.load(str(source), format, method.target or None)
    data = method.adapt(source, config)
    known = data.columns()
    needed = [name for name, own in method.features.items() if _is_needed(own)]
    missing = next(itertools.filterfalse(known.__contains__, needed), None)
    if missing is not None:
        raise PipelineError(
            f"{method.task} needs the feature {missing!r}, and {data.source} has"
            f" {', '.join(sorted(known)) or 'none'}. Choose another task, or name the format with"
            " --set format=NAME."
        )
    return data


def audited(data: Data, method: Method) -> auditing.Audit:
    """The audit of data as `method` learns it."""
    return auditing.audit(data, feature=feature(data, method), unlabelled=method.unlabelled)


def usable(data: Data, on_bad_data: str, method: Method) -> tuple[Data, auditing.Audit, list[str]]:
    """(data that training may use, its audit, names left out).

    Raises Refused if errors must be mended first.
    """
    result = audited(data, method)
    if not result.errors:
        return data, result, []
    errors = [p for p in result.problems if p.severity == "error"]
    if on_bad_data == "refuse":
        count = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
        raise Refused(
            f"the data has {count}: {errors[0].where}: {errors[0].message} `pipelines audit` lists"
            " all; on_bad_data=skip trains without these examples."
        )
    hopeless = next((p for p in errors if p.kind in auditing.HOPELESS), None)
    if hopeless:
        raise Refused(f"{hopeless.where}: {hopeless.message}")
    kept = auditing.without(data, result.bad)
    if not len(kept.splits.get("train", ())):
        raise Refused(
            f"every training example of {data.source} has an error. `pipelines audit` lists them."
        )
    return kept, result, sorted(result.bad)


def part(
    source: Any,
    name: str,
    format: str,
    method: Method,
    config: Config,
    left_out: Collection[str] = (),
    wanted: Sequence[str] = (),
) -> Part:
    """A part of what a user names, a data set or another source, as `method` takes it.

    left_out: names of examples that training left out: they stay out if they still have errors.
    wanted: digests of the examples that were held out, see `kept.as_it_was`.
    """
    own = method.source(source, config)
    if own is not None:
        return own.held_out(name)
    data = read(source, format, method, config)
    if left_out:
        bad = audited(data, method).bad & set(left_out)
        data = auditing.without(data, bad)
    if wanted and name in data.splits:
        data, note = kept.as_it_was(data, name, wanted)
        if note:
            print(f"note: {data.source}: {note}", file=sys.stderr)
    return split(data, name, method, config)


def split(data: Data, name: str, method: Method, config: Config) -> Split:
    """Split `name` of `data`, with the labels of `config`.

    Raises PipelineError if it is missing or has other labels.
    """
    if name not in data.splits:
        has = ", ".join(data.splits)
        raise PipelineError(f"{data.source} has no split {name!r}. It has: {has}.")
    learned = feature(data, method)
    examples = relabelled(data, data.splits[name], config.labels, learned)
    if not method.unlabelled and learned not in examples.masks:
        _all_labelled(examples, learned)
    method.check(examples, config)
    ranges = edge.ranges_of({"learned": config.learned})
    examples = pictures.prepare(examples, _cache(), decoding.is_decoded, ranges)
    return Split(method.expand(examples, config), method, config)


def _all_labelled(examples: Examples, learned: str | None) -> None:
    values = examples.columns.get(learned, ())
    for where, value in zip(examples.where, values, strict=False):
        if np.ndim(value) == 0 and value == UNLABELLED:
            raise PipelineError(
                f"{where} has no {learned}, which this method needs. Label it, or leave it out."
            )


def feature(data: Data, method: Method) -> str | None:
    """The labelled feature that a method learns: its target, else the data's first, or None if it
    learns none.

    Raises PipelineError if the data lacks it.
    """
    wanted = method.target or next(iter(data.labels), None) or _labelled(method)
    if not data.labels and _has_other(data, method):
        return None
    if wanted and wanted not in data.labels:
        has = ", ".join(data.labels) or "no labels"
        raise PipelineError(
            f"{data.source} has no {wanted}, which {method.task} learns; it has {has}. Choose"
            " another task, or other data."
        )
    return wanted


def _is_needed(feature: Feature) -> bool:
    return feature.kind not in LABELLED and not feature.optional


def _has_other(data: Data, method: Method) -> bool:
    """Whether data has an optional feature, which is learned in place of labels."""
    optional = {name for name, own in method.features.items() if own.optional}
    return any(optional.intersection(part.columns) for part in data.splits.values())


def _labelled(method: Method) -> str | None:
    """The first feature with labels that a method needs, or None."""
    needed = {name: own for name, own in method.features.items() if not own.optional}
    names = (name for name, own in needed.items() if own.kind in LABELLED)
    return next(names, None)


def relabelled(data: Data, examples: Examples, labels: tuple, feature: str | None) -> Examples:
    """Ids of `data`'s own labels of `feature` -> ids of `labels`; UNLABELLED stays what it is."""
    names = data.labels.get(feature, ())
    if tuple(names) == tuple(labels) or feature not in examples.columns:
        return examples
    if feature in examples.masks:
        table = _relabelled_table(data, examples.masks[feature], names, labels, feature)
        return dataclasses.replace(examples, masks={**examples.masks, feature: table})
    ids = {i: labels.index(name) for i, name in enumerate(names) if name in labels}
    ids[UNLABELLED] = UNLABELLED
    changed = []
    for where, value in zip(examples.where, examples.columns[feature], strict=True):
        own = np.atleast_1d(np.asarray(value, np.int64)).tolist()
        unknown = next(itertools.filterfalse(ids.__contains__, own), None)
        if unknown is not None:
            raise PipelineError(
                f"{where}: label {names[unknown]!r} is not among the labels of training:"
                f" {', '.join(labels)}."
            )
        mapped = list(map(ids.__getitem__, own))
        changed.append(mapped if np.ndim(value) else mapped[0])
    return dataclasses.replace(examples, columns={**examples.columns, feature: changed})


def _relabelled_table(data, table, names, labels, feature):
    """A mask's table that leads to ids of `labels`."""
    missing = [name for name in names if name not in labels]
    if missing:
        raise PipelineError(
            f"{data.source}: class {missing[0]!r} of {feature} is not among the labels of training:"
            f" {', '.join(labels)}."
        )
    plain = {i: i for i in range(len(names))}
    return {value: labels.index(names[i]) for value, i in (table or plain).items()}


def _cache() -> Path:
    """Where pictures that TensorFlow cannot decode lie in a form that it can."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "pipelines" / "pictures"
