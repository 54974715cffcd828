"""What the checks of the audit judge by, and how they go through the examples.

A check takes Facts and yields Problems. It goes by the kind and name of features, never by task.
"""

import collections
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.formats._decodable import Header
from pipelines.formats.examples import SPLITS, Data, Examples, Problem


@dataclass(frozen=True)
class Levels:
    """The grey levels of a picture with more than 8 bits.

    kind: "integer" or "float". low, high: its least and largest value; count: how many it has, in
    a sample of a large picture; strange: pixels that are no finite numbers.
    """

    kind: str
    low: float
    high: float
    count: int
    strange: int


@dataclass(frozen=True)
class Look:
    """What reading one picture showed."""

    error: str = ""  # why it cannot be read; then all else is empty
    header: Header | None = None
    size: tuple[int, ...] = ()  # (height, width), pixels, upright
    digest: str = ""  # SHA-256 of size and pixels
    deviation: float = 0.0  # standard deviation of the liveliest channel, grey levels
    cut: str = ""  # why its end is missing, though its pixels can be read
    levels: Levels | None = None  # if it has more than 8 bits
    hash: int = 0  # 64 bits, alike for pictures that look alike
    small: bytes = b""  # of the picture, scaled to one size for all; see `near.small`


@dataclass(frozen=True)
class MaskLook:
    """What reading one mask showed."""

    error: str = ""  # why it cannot be read; then all else is empty
    size: tuple[int, ...] = ()  # (height, width), pixels
    counts: tuple[int, ...] = ()  # pixels by class id, 256 of them
    unknown: tuple = ()  # ((value in the file, pixels), ...) of no class, the most frequent first
    between: float = 0.0  # share of the pixels of a binary mask that are neither 0 nor 255
    ramps: int = 0  # pixels of others whose value lies between those on both sides
    jumps: int = 0  # places of others at which a value is skipped between neighbours
    has_channels: bool = False  # grey in three equal channels


@dataclass(frozen=True)
class Facts:
    """What the checks judge by.

    data: what is audited.
    looks: column of pictures -> split -> a Look per example; masks: the same with a MaskLook.
    feature: the labelled feature by which classes are counted, or None.
    labels: split -> the class names in each example.
    counts: split -> label -> examples with it.
    unlabelled: whether examples without a label are of use.
    """

    data: Data
    looks: Mapping[str, Mapping[str, list[Look]]]
    masks: Mapping[str, Mapping[str, list[MaskLook]]]
    feature: str | None
    labels: Mapping[str, list[list[str]]]
    counts: Mapping[str, Mapping[str, int]]
    unlabelled: bool

    @property
    def trained(self) -> dict[str, int]:
        """{class: examples of it in train}, in the order of ids, without those that train lacks."""
        counts = self.counts.get("train", {})
        names = self.data.labels.get(self.feature, ())
        return {name: counts[name] for name in names if name in counts}


@dataclass(frozen=True)
class Example:
    """One example, by its row in a split, and the problems that it may have."""

    split: str
    examples: Examples
    row: int

    @property
    def name(self) -> str:
        return self.examples.names[self.row]

    @property
    def where(self) -> str:
        return self.examples.where[self.row]

    def __getitem__(self, column: str) -> Any:
        return self.examples.columns[column][self.row]

    def get(self, column: str, default: Any) -> Any:
        """The value of a column, or `default` if there is no such column."""
        values = self.examples.columns.get(column)
        return default if values is None else values[self.row]

    def place(self, item: int) -> str:
        """Where one item stands, as file:line if the reader knows the line."""
        return self.examples.place(self.row, item)

    def classes(self, data: Data, feature: str | None) -> list[str]:
        """The class names in this example, each once; none without that feature.

        Ids without a name are left to the check `unknown_labels`.
        """
        names = data.labels.get(feature, ())
        ids = np.unique(self.get(feature, ())).tolist()
        return [names[i] for i in ids if i in range(len(names))]

    def error(self, kind: str, message: str, where: str | None = None) -> Problem:
        """An error, because of which training leaves this example out."""
        return Problem("error", kind, where or self.where, message, self.name)

    def warning(self, kind: str, message: str, where: str | None = None) -> Problem:
        return Problem("warning", kind, where or self.where, message)

    def note(self, kind: str, message: str) -> Problem:
        return Problem("note", kind, self.where, message)


Check = Callable[[Facts], Iterable[Problem]]


def over(
    items: Callable[[Facts], Iterable[Any]], judge: Callable[[Any, Facts], Iterable[Problem]]
) -> Check:
    """A check that judges `items` of the data one by one, such as its pictures."""

    def check(facts: Facts) -> Iterator[Problem]:
        for item in items(facts):
            yield from judge(item, facts)

    return check


def features(facts: Facts) -> list[str]:
    """The labelled features."""
    return list(facts.data.labels)


def splits(data: Data) -> list[tuple[str, Examples]]:
    """(split, Examples) in the order train, validation, test."""
    return [(split, data.splits[split]) for split in SPLITS if split in data.splits]


def each(data: Data, column: str) -> Iterator[Example]:
    """Every example of the splits that have `column`, split by split."""
    for split, examples in splits(data):
        if column in examples.columns:
            yield from rows(split, examples)


def rows(split: str, examples: Examples) -> Iterator[Example]:
    return (Example(split, examples, row) for row in range(len(examples)))


def same(
    examples: Iterable[Example], content: Callable[[Example], Hashable]
) -> list[list[Example]]:
    """Groups of two or more examples of equal `content`, each in the order of `examples`."""
    groups = collections.defaultdict(list)
    for example in examples:
        groups[content(example)].append(example)
    return [group for group in groups.values() if len(group) > 1]


def earlier(group: list[Example]) -> list[Example]:
    """Those of other splits than the last: the later split, which judges the model, stays whole."""
    return [example for example in group if example.split != group[-1].split]


def again(group: list[Example]) -> Iterator[tuple[Example, Example]]:
    """(example, the first of the same split) of all that are not the first."""
    first = {}
    for example in group:
        if example.split in first:
            yield example, first[example.split]
        first.setdefault(example.split, example)


def contradictions(group: list[Example], labels: list) -> Iterator[tuple]:
    """(example, its label, first example with another label, that label) of those that have one.

    group: examples of equal content; labels: the label of each.
    """
    labelled = list(zip(group, labels, strict=True))
    for example, label in labelled:
        other = next((pair for pair in labelled if pair[1] != label), None)
        if other:
            yield example, label, *other


def listed(names: list[str], most: int) -> str:
    """The first names, by commas, with dots if there are more."""
    more = ", ..." if len(names) > most else ""
    return ", ".join(names[:most]) + more
