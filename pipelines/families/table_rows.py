"""Rows of a table that come again, in one split, in two, or with other answers."""

import collections
from collections.abc import Iterator, Sequence

from etils import epy

from pipelines.families import tables
from pipelines.formats.examples import COLUMN, SPLITS, Data, Examples, Problem

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.edge import tables as edge

Place = tuple[str, str, tuple[str, ...]]  # split, where, answers


def checks(data: Data, own: Sequence[str], config: tables.Config) -> Iterator[Problem]:
    """What is told of equal rows, each kind once, with a count. own: the columns that are
    learned."""
    groups: dict[tuple[str, ...], list[Place]] = collections.defaultdict(list)
    for split in SPLITS:
        if split in data.splits:
            for inputs, place in _rows(split, data.splits[split], own, config):
                groups[inputs].append(place)
    several = [group for group in groups.values() if len(group) > 1]
    own_splits = [split for split, examples in data.splits.items() if not examples.is_cut]
    yield from _leaks(several, own_splits)
    yield from _again(several)
    yield from _otherwise(several)


def _rows(
    split: str, examples: Examples, own: Sequence[str], config: tables.Config
) -> Iterator[tuple[tuple[str, ...], Place]]:
    """Yields (what a row is learned from, its place)."""
    columns = tables.inputs(examples, own, config).values()
    answers = [examples.columns[COLUMN + name] for name in own if COLUMN + name in examples.columns]
    for i, where in enumerate(examples.where):
        inputs = tuple(edge.text(cells[i]) for cells in columns)
        yield inputs, (split, where, tuple(edge.text(cells[i]) for cells in answers))


def _leaks(groups: Sequence[Sequence[Place]], splits: Sequence[str]) -> Iterator[Problem]:
    """Rows that two of the data's own splits have, answers and all."""
    found = []
    for group in groups:
        by_answer: dict[tuple, dict[str, str]] = collections.defaultdict(dict)
        for split, where, answers in group:
            if split in splits:
                by_answer[answers].setdefault(split, where)
        found += [tuple(first.items()) for first in by_answer.values() if len(first) > 1]
    if found:
        (split, where), (other, at), *_ = found[0]
        message = (
            f"{len(found):,} rows are in two splits, such as {where} of {split} and {at} of"
            f" {other}. Delete one of each."
        )
        yield Problem("warning", "leak", where, message)


def _again(groups: Sequence[Sequence[Place]]) -> Iterator[Problem]:
    """Rows that a split has more than once, answers and all."""
    found = []
    for group in groups:
        counts = collections.Counter((split, answers) for split, _, answers in group)
        ((split, answers), count), *_ = counts.most_common(1)
        if count > 1:
            found.append([place for place in group if (place[0], place[2]) == (split, answers)])
    if found:
        (_, where, _), (_, at, _), *_ = found[0]
        message = f"{len(found):,} rows are there more than once, such as {where} and {at}."
        yield Problem("note", "duplicate", where, message)


def _otherwise(groups: Sequence[Sequence[Place]]) -> Iterator[Problem]:
    """Rows that are equal but for the answer."""
    found = []
    for group in groups:
        answers = {answer: where for _, where, answer in reversed(group)}
        if len(answers) > 1:
            found.append(list(answers.values())[::-1])
    if found:
        first, second, *_ = found[0]
        message = (
            f"{len(found):,} rows have other answers than equal ones, such as {first} and {second}:"
            " no model can tell them apart."
        )
        yield Problem("note", "conflict", first, message)
