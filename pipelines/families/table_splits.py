"""How the rows of a table without splits are parted: by group, by time, or with each class in
each."""

import dataclasses
import datetime
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from etils import epy

from pipelines.errors import PipelineError, nearest
from pipelines.formats.examples import (
    COLUMN,
    SPLITS,
    Data,
    Examples,
    Problem,
    cut_splits,
    joined,
)

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.edge import tables as edge

SHARE = 10  # of the rows, by time: the last tenth is the test, the one before it the validation


def parted(data: Data, config: Any, classes: str = "") -> Data:
    """`data` with the splits that it does not say itself cut anew.

    By `config.time`, the latest rows are the test; by `config.group`, rows of one group stay
    together; else equal rows do. classes: a column of class ids, each of which gets an example in
    each split, if it has enough. Doing it twice changes nothing. Raises PipelineError for a column
    that is not there, or a time that is none.
    """
    _check(data, config)
    data = dataclasses.replace(data, problems=[*data.problems, *_ungrouped(data, config)])
    cut = [name for name, part in data.splits.items() if part.is_cut]
    if not cut:
        return dataclasses.replace(data, problems=[*data.problems, *_torn(data, config)])
    pool = joined([data.splits[name] for name in ("train", *cut)])
    given = {name: part for name, part in data.splits.items() if name not in ("train", *cut)}
    if config.time:
        return dataclasses.replace(data, splits=_by_time(pool, given, cut, config))
    keys = dict(zip(pool.names, _keys(pool, config.group), strict=True))
    found = cut_splits({"train": pool, **given}, keys.__getitem__, classes)
    return dataclasses.replace(data, splits={name: found[name] for name in SPLITS if name in found})


def together(examples: Examples, config: Any) -> Sequence[str]:
    """The key of each row; those of one key are in one fold. Raises PipelineError if `time` is
    set."""
    if config.time:
        raise PipelineError(
            "time and folds both say how rows are parted: in folds, later rows would be learned"
            " from and earlier ones judged. Leave one of them out; group keeps rows together in"
            " folds."
        )
    return _keys(examples, config.group)


def kept_apart(config: Any) -> tuple[str, ...]:
    """The columns that say the splits, from which nothing is learned."""
    return tuple(filter(None, (config.group, config.time)))


def _check(data: Data, config: Any) -> None:
    if config.group and config.time:
        raise PipelineError("group and time both say how rows are parted. Keep one of them.")
    known = {name.removeprefix(COLUMN) for name in data.columns()}
    for name in kept_apart(config):
        if name not in known and not config.learned:  # other data than that of training may lack it
            raise PipelineError(
                f"{data.source} has no column {name!r} to part rows by. {nearest(name, known)}"
            )


def _keys(pool: Examples, group: str) -> Sequence[str]:
    """What keeps rows together: their group, or what they say; one without a group is alone."""
    if COLUMN + group in pool.columns:
        cells = pool.columns[COLUMN + group]
        return [edge.text(cell) or name for cell, name in zip(cells, pool.names, strict=True)]
    return [name.partition("-")[0] for name in pool.names]


def _ungrouped(data: Data, config: Any) -> list[Problem]:
    """A warning if rows have no group."""
    parts = data.splits.values()
    cells = [cell for part in parts for cell in part.columns.get(COLUMN + config.group, ())]
    count = sum(not edge.text(cell) for cell in cells)
    if not config.group or not count:
        return []
    rows = "1 row has" if count == 1 else f"{count:,} rows have"
    message = f"{rows} no {config.group}; each is taken as a group of its own. Fill the cells."
    found = Problem("warning", "no-group", data.source, message)
    return [found] if found not in data.problems else []


def _torn(data: Data, config: Any) -> list[Problem]:
    """A warning for each group that the data itself has in two splits."""
    seen: dict[str, str] = {}
    found: list[Problem] = []
    for split, part in data.splits.items():
        for cell in part.columns.get(COLUMN + config.group, ()):
            group = edge.text(cell)
            if group and seen.setdefault(group, split) != split:
                message = f"rows of {config.group} {group!r} are in {seen[group]} and in {split}."
                found.append(Problem("warning", "torn-group", split, message))
                seen[group] = split
    return [own for own in dict.fromkeys(found) if own not in data.problems]


def _by_time(
    pool: Examples, given: Mapping[str, Examples], cut: Sequence[str], config: Any
) -> dict[str, Examples]:
    """The latest tenth of the rows is the test, the tenth before it validation, as far as they are
    cut.

    Rows of one time are in one split, the earlier one if it leaves some for the later one. If times
    are too few, or most of them the same, data that a trained model is judged on stays whole, and
    other data raises PipelineError.
    """
    column = config.time
    if COLUMN + column not in pool.columns:  # data to be judged on
        return {"train": pool, **given}
    times = [
        _time(cell, pool.where[i], column) for i, cell in enumerate(pool.columns[COLUMN + column])
    ]
    order = sorted(range(len(pool)), key=times.__getitem__)
    wanted = [name for name in ("validation", "test") if name in cut]
    firsts = _firsts([times[i] for i in order], wanted)
    if not firsts and config.learned:
        return {"train": pool, **given}
    if not firsts:
        raise PipelineError(
            f"column {column!r} has {len(set(times)):,} different times in {len(times):,} rows, by"
            f" which train, {' and '.join(wanted)} cannot be parted: rows of one time stay"
            " together, and train needs half of them. Leave time out, or give the table a column"
            " split."
        )
    ends = [0, *firsts, len(pool)]
    made = {
        name: pool.take(sorted(order[start:end]))
        for name, (start, end) in zip(["train", *wanted], itertools.pairwise(ends), strict=True)
    }
    marked = {n: dataclasses.replace(part, is_cut=n != "train") for n, part in made.items()}
    every = {**marked, **given}
    return {name: every[name] for name in SPLITS if name in every}


def _firsts(times: Sequence[float], wanted: Sequence[str]) -> list[int]:
    """The first row of each of the splits that are `wanted`, of rows in the order of their times.

    None if times are too few for that, or would leave less than half of the rows for training.
    """
    size = max(1, len(times) // SHARE)
    changes = [i for i in range(1, len(times)) if times[i] != times[i - 1]]
    found: list[int] = []
    for left in range(len(wanted), 0, -1):
        kept = changes[: max(0, len(changes) - left + 1)]  # of which the later splits need the rest
        places = [i for i in kept if i > max(found, default=0)]
        later = [i for i in places if i >= len(times) - left * size]
        found += (later or places[-1:])[:1]
    is_enough = len(found) == len(wanted) and found[0] >= len(times) / 2
    return found if is_enough else []


def _time(cell: Any, where: str, column: str) -> float:
    """A number, or an ISO date as seconds. Raises PipelineError."""
    value = edge.number(cell)
    if not math.isnan(value):
        return value
    try:
        moment = datetime.datetime.fromisoformat(str(cell).strip())
    except ValueError as error:
        raise PipelineError(
            f"{where}: column {column!r} must hold a number or a date such as 2024-05-31; got"
            f" {str(cell)!r}."
        ) from error
    return moment.replace(tzinfo=moment.tzinfo or datetime.UTC).timestamp()
