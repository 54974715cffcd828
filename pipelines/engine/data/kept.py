"""Which examples were held out: found again by their content if the data has moved or grown."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.files import write_json, write_text
from pipelines.formats.examples import Data, Examples, joined
from pipelines.formats.examples import fingerprint as fingerprint_of
from pipelines.records import read_json, read_text

OF_RUN, OF_BUNDLE = "held_out.json", "held_out.txt"
PARTS = ("validation", "test")
LENGTH = 16  # hexadecimal digits: 64 bits tell examples apart
SHARE = 0.5  # of the examples that have to be there, or it is other data


def digests(data: Data, split: str) -> list[str]:
    """One of each example of a split: of its name and of all its columns, with classes by name."""
    return [digest for digest, _ in _digests(data, split)]


def write_run(folder: Path, data: Data) -> None:
    """Keeps in a run's folder which examples were held out."""
    held = {name: digests(data, name) for name in PARTS if name in data.splits}
    write_json(folder / OF_RUN, held)


def of_run(folder: Path, split: str) -> list[str]:
    """The digests of a run's split; none for a run that has not kept them."""
    if not (folder / OF_RUN).is_file():
        return []
    return read_json(folder / OF_RUN, {str: [str]}).get(split, [])


def write_bundle(folder: Path, found: Sequence[str]) -> None:
    """Keeps in a bundle's folder which examples it was proven on; no names."""
    write_text(folder / OF_BUNDLE, "".join(f"{digest}\n" for digest in found))


def of_bundle(folder: Path) -> list[str]:
    """The digests of the examples that a bundle was proven on; none if it has not kept them."""
    path = folder / OF_BUNDLE
    return read_text(path).split() if path.is_file() else []


def as_it_was(data: Data, split: str, wanted: Sequence[str]) -> tuple[Data, str]:
    """(`data` with the examples of `split` that were held out, what a person has to know of it).

    wanted: their digests. They may lie in any split now; what has come since is in no split that
    is judged. Data that has fewer than SHARE of them is other data, and comes back as it is.
    """
    places: dict[str, tuple[str, int]] = {}
    for name in data.splits:
        for digest, index in _digests(data, name):
            places.setdefault(digest, (name, index))
    found = [places[digest] for digest in wanted if digest in places]
    if not found or len(found) < SHARE * len(wanted):
        return data, (
            f"{len(found)} of the {len(wanted)} {split} examples of the training are in it, so its"
            f" own {split} split is judged."
        )
    parts = [data.splits[name].take([index]) for name, index in found]
    rest = {name: _without(data, name, found) for name in data.splits if name != split}
    kept = dataclasses.replace(data, splits={**rest, split: joined(parts)})
    return kept, _lost(len(found), len(wanted), split)


def _without(data: Data, name: str, taken: Sequence[tuple[str, int]]) -> Examples:
    """A split without the examples that are `taken`, (split, index) each."""
    part = data.splits[name]
    gone = {index for other, index in taken if other == name}
    return part.take(sorted(set(range(len(part))) - gone))


def _lost(found: int, wanted: int, split: str) -> str:
    """What there is to know if not all examples were found again, or ""."""
    if found == wanted:
        return ""
    return (
        f"{wanted - found} of the {wanted} {split} examples have gone or changed since training;"
        f" the other {found} are judged."
    )


def _digests(data: Data, split: str) -> Iterator[tuple[str, int]]:
    """(digest, row) of each example of a split."""
    examples = data.splits[split]
    for index in range(len(examples)):
        one = examples.take([index])
        columns = {
            name: [_named(value, data.labels.get(name)) for value in values]
            for name, values in one.columns.items()
            if name != "lines"  # where it stood in a file that may have grown
        }
        whole = fingerprint_of({}, {"": dataclasses.replace(one, columns=columns)})
        yield hashlib.sha256(whole.encode()).hexdigest()[:LENGTH], index


def _named(value: Any, labels: Sequence[str] | None) -> Any:
    """Class ids as names, as a new class may move the ids."""
    if labels is None or not isinstance(value, (int, list, tuple)):
        return value
    if isinstance(value, int):
        return labels[value] if 0 <= value < len(labels) else value
    return [_named(item, labels) for item in value]


def same(made: Any, info: Mapping) -> bool:
    """Whether a source is what a run began with."""
    return made.fingerprint() == info["data"]["fingerprint"]
