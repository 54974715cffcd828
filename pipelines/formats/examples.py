"""What every reader of `formats/` yields: examples in columns, with TFDS's feature names."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from pipelines.errors import PipelineError
from pipelines.formats import _cache
from pipelines.formats._cutting import CUT, places
from pipelines.formats._fingerprint import fingerprint

SPLITS = ("train", "validation", "test")
SPLIT_NAMES = {  # what people call the three splits, lower case
    "train": "train", "training": "train", "trn": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test", "tst": "test",
}  # fmt: skip
Key = TypeVar("Key")
COLUMN = "column/"  # before the name of a column of the table, apart from what methods add
APART = "columns-apart"  # the kind of Problem of columns that some tables lack
UNLABELLED = -1  # as a class id: no one has said what it is; the same as in TFDS
IGNORE = 255  # in masks: a pixel that counts in neither loss nor metric
PICTURE_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".jfi", ".jif", ".pjpeg", ".pjp", ".mpo"),  # JPEG
        *(".png", ".bmp", ".dib", ".gif", ".webp", ".tif", ".tiff"),
        *(".ppm", ".pgm", ".pbm", ".pnm"),
    )
)


@dataclass(frozen=True)
class Problem:
    """Something wrong with the data.

    `error`: training refuses it; `warning`: look at it; `note`: good to know.
    """

    severity: str  # error | warning | note
    kind: str  # a short slug: "unreadable", "leak", "imbalance"...
    where: str  # file, file:line, or split
    message: str  # what is wrong and what to do, one line
    example: str = ""  # name of the example that training must leave out, if one


class Unusable(Exception):
    """Why an example cannot be used. where, name: those of the Problem, if they are known."""

    def __init__(self, kind: str, message: str, where: str = "", name: str = ""):
        super().__init__(message)
        self.kind, self.where, self.name = kind, where, name

    def problem(self, where: str, name: str = "") -> Problem:
        """The error that it is; where, name: what is taken if the exception does not say it."""
        place = self.where or where
        return Problem("error", self.kind, place, str(self), self.name or name or place)


@dataclass(frozen=True)
class Examples:
    """One split, in columns of equal length, in a fixed order.

    names: unique name of each example (its path relative to the data, posix style; or TFDS's id).
    columns: feature name -> list. A column named in `pictures` holds, for each example, a file path
        (`str`) or encoded bytes; every other column holds numbers, strings, or arrays whose first
        axis may differ between examples.
    where: for messages, the file, or file:line, that each example came from.
    masks: columns of pictures with a class per pixel -> {value in the file, a number or (r, g, b):
        class id}; empty if the values are the ids. IGNORE stays what it is unless the table has
        it. Not among `pictures`.
    tables: what examples refer to by key, the same for all splits, such as the items that users
        like: {table: {column: list}}.
    """

    names: list[str]
    columns: dict[str, list]
    where: list[str]
    pictures: tuple[str, ...] = ()
    masks: dict[str, Mapping] = field(default_factory=dict)
    is_cut: bool = False  # out of train, as the data has no such split
    tables: dict[str, Mapping[str, list]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def place(self, i: int, j: int) -> str:
        """file:line of item `j` of example `i`, or the example's `where` if no lines were kept."""
        lines = self.columns.get("lines")
        if not lines or len(lines[i]) == 0:
            return self.where[i]
        return f"{self.where[i].rpartition(':')[0]}:{lines[i][j]}"

    def take(self, indices: Iterable[int]) -> "Examples":
        """The examples at `indices`, in that order."""
        indices = list(indices)

        def taken(values: list) -> list:
            return [values[i] for i in indices]

        columns = {name: taken(values) for name, values in self.columns.items()}
        made = Examples(taken(self.names), columns, taken(self.where), self.pictures, self.masks)
        return replace(made, tables=self.tables)


@dataclass(frozen=True)
class Data:
    """All splits of one data set.

    source: what the user passed, absolute if it is a path; format: name of the reader.
    labels: feature name -> class names, in the order of their ids: {"label": ["cat", "dog"]}.
    problems: what the reader found wrong while reading (rows it could not use, files it passed
        over).
    """

    source: str
    format: str
    splits: dict[str, Examples]
    labels: dict[str, list[str]]
    problems: list[Problem] = field(default_factory=list)

    def fingerprint(self) -> str:
        """What changes if an example comes, goes, or differs in any column; see `_fingerprint`."""
        known: dict[str, Any] = dict(self.labels)
        for part in self.splits.values():
            known |= part.tables
        return fingerprint(known, self.splits)

    def columns(self) -> set[str]:
        """The names of the columns that any split has."""
        return set().union(*(part.columns for part in self.splits.values()))


def of_files(
    root: Path, names: Sequence[str], where: Sequence[str] = (), **columns: list
) -> Examples:
    """Pictures in files below `root` as `image`, named by their paths, with further columns."""
    columns = {"image": [str(root / name) for name in names], **columns}
    return Examples(list(names), columns, list(where or names), pictures=("image",))


def joined(parts: Sequence[Examples]) -> Examples:
    """Several parts, of equal columns and at least one, one after the other."""
    first = parts[0]
    columns = {name: _chain(part.columns[name] for part in parts) for name in first.columns}
    names, where = (_chain(getattr(part, own) for part in parts) for own in ("names", "where"))
    return Examples(names, columns, where, first.pictures, first.masks, tables=first.tables)


def ids_of(labels: Iterable[Key]) -> dict[Key, int]:
    """Class names in the order of their ids -> {name: id}."""
    return {label: i for i, label in enumerate(labels)}


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those that training refuses."""
    return [problem for problem in problems if problem.severity == "error"]


def reason(problems: Sequence[Problem], otherwise: str = "") -> str:
    """The first of the problems as the end of a message: " file:line: what is wrong"."""
    return f" {problems[0].where}: {problems[0].message}" if problems else otherwise


def cut_splits(
    splits: dict[str, Examples], key: Callable[[str], str] = str, classes: str = ""
) -> dict[str, Examples]:
    """Cuts missing splits out of `train` by a hash of each example's name: {split: Examples} ->
    with all three.

    The hash decides, never the order, so adding a file moves no other file to another split. A name
    falls to `test` in one case of ten, to `validation` in one of ten, to `train` otherwise; splits
    that exist are left as they are. Names with the same `key` stay together. classes: a column of
    class ids; each class of three or more then has an example in every split that is cut, for which
    few names are moved.
    """
    missing = list(itertools.filterfalse(splits.__contains__, CUT.values()))
    if "train" not in splits or not missing:
        return dict(splits)
    train = splits["train"]
    keys = list(map(key, train.names))
    ids = train.columns.get(classes, ())
    found = places(keys, missing, ids if all(np.ndim(value) == 0 for value in ids) else ())
    parts: dict[str, list[int]] = {split: [] for split in ("train", *missing)}
    for i, own in enumerate(keys):
        parts[found[own]].append(i)
    cut = {split: train.take(indices) for split, indices in parts.items()}
    made = {split: replace(cut[split], is_cut=True) for split in missing}
    return splits | {"train": cut["train"], **made}


def inside(root: str | Path, relative: str | Path) -> Path | None:
    """The absolute path of `relative` below `root`.

    None if it climbs out of it (`..`, absolute, or a link), but for links of Hugging Face's cache.
    """
    root = Path(root).resolve()
    path = (root / relative).resolve()
    return path if path.is_relative_to(root) or _cache.holds(root, path) else None


def own_file(root: str | Path, file: Path) -> Path:
    """A file below `root`, as it is. Raises PipelineError if it is a link out of it."""
    if inside(root, file.relative_to(root)) is None:
        raise PipelineError(
            f"{file} is a link that leads out of the data. Copy the file here, or pass what it"
            " leads to."
        )
    return file


def _chain(lists: Iterable[list]) -> list:
    return [value for values in lists for value in values]
