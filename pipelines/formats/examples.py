"""What every reader of `formats/` yields: examples in columns, with TFDS's feature names."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.formats._fingerprint import fingerprint

SPLITS = ("train", "validation", "test")
SPLIT_NAMES = {  # what people call the three splits, lower case
    "train": "train", "training": "train", "trn": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test", "tst": "test",
}  # fmt: skip
UNLABELLED = -1  # as a class id: no one has said what it is; the same as in TFDS
IGNORE = 255  # in masks: a pixel that counts in neither loss nor metric
PICTURE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
)


@dataclass(frozen=True)
class Problem:
    """Something wrong with the data. `error`: training refuses it; `warning`: look at it; `note`: good to know."""

    severity: str  # error | warning | note
    kind: str  # a short slug: "unreadable", "leak", "imbalance"...
    where: str  # file, file:line, or split
    message: str  # what is wrong and what to do, one line
    example: str = ""  # name of the example that training must leave out, if one


@dataclass(frozen=True)
class Examples:
    """One split, in columns of equal length, in a fixed order.

    names: unique name of each example (its path relative to the data, posix style; or TFDS's id).
    columns: feature name -> list. A column named in `pictures` holds, for each example, a file path
        (`str`) or encoded bytes; every other column holds numbers, strings, or arrays whose first
        axis may differ between examples.
    where: for messages, the file, or file:line, that each example came from.
    masks: columns of pictures with a class per pixel -> {value in the file, a number or (r, g, b):
        class id}; empty where the values are the ids. IGNORE stays what it is unless the table has
        it. Not among `pictures`.
    """

    names: list
    columns: dict
    where: list
    pictures: tuple = ()
    masks: dict = field(default_factory=dict)

    def __len__(self):
        return len(self.names)

    def place(self, i, j):
        """Where item `j` of example `i` stands: file:line where the reader kept the `lines` of items, else `where`."""
        lines = self.columns.get("lines")
        return (
            f"{self.where[i].rpartition(':')[0]}:{lines[i][j]}"
            if lines and len(lines[i])
            else self.where[i]
        )

    def take(self, indices):
        """The examples at `indices`, in that order."""
        indices = list(indices)
        return Examples(
            [self.names[i] for i in indices],
            {name: [values[i] for i in indices] for name, values in self.columns.items()},
            [self.where[i] for i in indices],
            self.pictures,
            self.masks,
        )


@dataclass(frozen=True)
class Data:
    """All splits of one data set.

    source: what the user passed, absolute where it is a path; format: name of the reader.
    labels: feature name -> class names, in the order of their ids: {"label": ["cat", "dog"]}.
    problems: what the reader found wrong while reading (rows it could not use, files it passed
        over).
    """

    source: str
    format: str
    splits: dict
    labels: dict
    problems: list = field(default_factory=list)

    def fingerprint(self) -> str:
        """What changes if an example comes, goes, or differs in any column; see `_fingerprint`."""
        return fingerprint(self.labels, self.splits)


def cut_splits(splits, key=str):
    """Cuts missing splits out of `train` by a hash of each example's name: {split: Examples} ->
    with all three.

    The hash decides, never the order, so adding a file moves no other file to another split. A name
    falls to `test` in one case of ten, to `validation` in one of ten, to `train` otherwise; splits
    that exist are left as they are. Names with the same `key` stay together.
    """
    if "train" not in splits:
        return dict(splits)
    missing = [split for split in ("test", "validation") if split not in splits]
    if not missing:
        return dict(splits)
    train = splits["train"]
    parts = {"train": [], **{split: [] for split in missing}}
    for i, name in enumerate(train.names):
        tenth = (
            int.from_bytes(
                hashlib.sha256(key(name).encode("utf-8", "surrogateescape")).digest()[:8], "big"
            )
            % 10
        )
        wanted = {0: "test", 1: "validation"}.get(tenth, "train")
        parts[wanted if wanted in parts else "train"].append(i)
    return {**splits, **{split: train.take(indices) for split, indices in parts.items()}}


def inside(root, relative):
    """The absolute path of `relative` below `root`, or None where it climbs out of it (`..`, absolute, or a link)."""
    root = Path(root).resolve()
    path = (root / relative).resolve()
    return path if path.is_relative_to(root) else None
