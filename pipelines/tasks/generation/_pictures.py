"""What generation learns from: pictures, grey or not, their classes, what is done to them."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from pipelines.edge import pictures as edge
from pipelines.errors import PipelineError
from pipelines.formats import _decodable
from pipelines.formats.examples import Data, Examples, Problem

TABLE = "classes"  # of an Examples, and of what is learned: the names of the classes
STRANGE = -2  # as a class id: a class that training has not; -1 is one that no one has said


def adapted(data: Data, known: Sequence[str]) -> Data:
    """Data with `image`, and with `label` if each example has one class, whose names are a table.

    They are no labels to be learned, so the audit does not judge them as such. known: names that
    training had, () takes them from the split train; any other is STRANGE. Raises PipelineError if
    there are no pictures.
    """
    names, splits, problems = data.labels.get("label", ()), {}, list(data.problems)
    known = known or _trained(data, names)
    for split, examples in data.splits.items():
        if "image" not in examples.columns:
            raise PipelineError(f"{data.source} has no pictures. Choose other data.")
        own = examples.tables.get(TABLE, {}).get("name", names)
        splits[split] = _one(examples, list(own), list(known))
        problems += _dropped(split, examples)
    return dataclasses.replace(data, splits=splits, labels={}, problems=problems)


def _dropped(split: str, examples: Examples) -> Iterator[Problem]:
    """That classes are not used, if some picture has several."""
    several = [i for i, label in enumerate(examples.columns.get("label", ())) if np.ndim(label)]
    if several:
        message = (
            f"{len(several)} of {len(examples)} pictures have several classes, so the classes of"
            f" {split} are not used. Give each picture one."
        )
        yield Problem("warning", "several-classes", examples.where[several[0]], message)


def _trained(data: Data, names: Sequence[str]) -> list[str]:
    """The names of the classes that training has an example of."""
    train = data.splits["train"]
    own = train.tables.get(TABLE, {}).get("name", names)
    labels = train.columns.get("label", ())
    found = {label for label in labels if np.ndim(label) == 0}
    return [name for i, name in enumerate(own) if i in found]


def _one(examples: Examples, own: list[str], known: list[str]) -> Examples:
    columns, tables = {"image": examples.columns["image"]}, {}
    labels = examples.columns.get("label", ())
    has_one = "label" in examples.columns and all(np.ndim(label) == 0 for label in labels)
    if known and own and has_one:
        ids = [known.index(name) if name in known else STRANGE for name in own]
        columns["label"] = [ids[label] if label >= 0 else label for label in labels]
        tables[TABLE] = {"name": known}
    return dataclasses.replace(
        examples, columns=columns, pictures=("image",), masks={}, tables=tables
    )


def learned(examples: Examples) -> dict[str, list[str]]:
    """{"channels": ["1"] if all are grey, else ["3"]}, "classes" if there are any, and "notes":
    what is done to them, as sentences.
    """
    are_grey, sizes = [], set()
    for is_grey, size in _looked(examples):
        are_grey.append(is_grey)
        sizes.add(size)
    found = {"channels": ["1" if all(are_grey) else "3"]}
    table = examples.tables.get(TABLE)
    if table:
        found[TABLE] = list(table["name"])
    notes = [*_mixed(are_grey), *_sizes(sizes)]
    return found | ({"notes": notes} if notes else {})


def _looked(examples: Examples) -> Iterator[tuple[bool, tuple[int, int]]]:
    """(whether it is grey, (height, width)) of each picture."""
    for source in examples.columns["image"]:
        if _decodable.header(source).is_grey:
            yield True, edge.size(source)
            continue
        picture = edge.read_picture(source)
        is_grey = bool((picture == picture[:, :, :1]).all())
        yield is_grey, picture.shape[:2]


def _mixed(are_grey: list[bool]) -> list[str]:
    count = sum(are_grey)
    if count in (0, len(are_grey)):
        return []
    return [f"{count} of {len(are_grey)} are grey and get three equal channels"]


def _sizes(sizes: set[tuple[int, int]]) -> list[str]:
    if len(sizes) < 2:
        return []
    low, high = min(sizes), max(sizes)
    return [f"{low[0]} x {low[1]} to {high[0]} x {high[1]} px, each is squeezed into the square"]
