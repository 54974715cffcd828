"""Data whose classes are identities: the splits may have different ones, and each needs two
pictures."""

import collections
import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.families import mirroring, pair_files
from pipelines.formats.examples import UNLABELLED, Data, Examples, Problem, joined

COLUMN = "identity"
SIDED = "sided"  # kind of the note that pictures must not be mirrored
FEWEST = 6  # classes from which on each split that is cut has classes of its own
SHARE = 0.15  # of the classes that a cut split gets


def adapted(data: Data, pairs: str) -> Data:
    """The data with `identity`, a class id, in place of `label`, and the pairs of a file, if any.

    A split that the data lacks gets classes of its own, so that it shows what the model makes of
    those it has never seen. pairs: path of a file as `pair_files` reads it; "" takes pairs.txt in
    the folder of the data. Raises PipelineError if there are no classes.
    """
    if any(COLUMN in part.columns for part in data.splits.values()):
        return data
    if "label" not in data.labels:
        raise PipelineError(
            f"{data.source} has no classes. Put the pictures of each person, product or kind into a"
            " folder of its own."
        )
    names = data.labels["label"]
    path = _file(data, pairs)
    judged = pair_files.people(path) if path else set()
    splits = _parted(data.splits, names, judged)
    kept = {name: _renamed(part) for name, part in splits.items()}
    problems = [*data.problems, *_sided(data, names)]
    for split, part in kept.items():
        problems += _lonely(split, part, names)
    table = _pairs(path, kept, names) if path else {}
    problems += _outside(path, table, kept["test"]) if table and "test" in kept else []
    tables = {"pairs": table} if table else {}
    kept = {name: replace(part, tables={**part.tables, **tables}) for name, part in kept.items()}
    return replace(data, splits=kept, labels={}, problems=problems)


def has_sides(problems: Iterable[Problem]) -> bool:
    """Whether the names of the classes say that pictures must not be mirrored.

    problems: of data that is `adapted`, which keeps no names of classes.
    """
    return any(problem.kind == SIDED for problem in problems)


def _renamed(part: Examples) -> Examples:
    columns = {**part.columns, COLUMN: list(part.columns["label"])}
    del columns["label"]
    renamed = replace(part, columns=columns)
    rows = [i for i, kind in enumerate(columns[COLUMN]) if int(kind) != UNLABELLED]
    return renamed.take(rows) if len(rows) < len(part) else renamed


def _parted(splits: dict[str, Examples], names: list[str], judged: set[str]) -> dict[str, Examples]:
    """The same; splits that were cut out of train get whole classes, `judged` ones the test.

    The hash of a class's name decides, so that adding a class moves few others.
    """
    cut = [name for name, part in splits.items() if part.is_cut]
    if not cut:
        return splits
    whole = joined([splits["train"], *(splits[name] for name in cut)])
    kinds = sorted(set(map(int, whole.columns["label"])), key=lambda kind: _hash(names, kind))
    held = [kind for kind in kinds if kind != UNLABELLED and names[kind] in judged]
    free = [kind for kind in kinds if kind not in held]
    if len(free) < FEWEST:
        return _with_pairs(splits, cut)
    share = max(2, round(SHARE * len(free)))
    owner = dict.fromkeys(free, "train")
    for i, name in enumerate(sorted(cut)):
        owner |= dict.fromkeys(free[i * share : (i + 1) * share], name)
    owner |= dict.fromkeys(held, "test" if "test" in cut else "train")
    rows = collections.defaultdict(list)
    for i, kind in enumerate(whole.columns["label"]):
        rows[owner[int(kind)]].append(i)
    own = {name: whole.take(rows[name]) for name in ("train", *cut)}
    made = {name: replace(part, is_cut=name != "train") for name, part in own.items()}
    return {**splits, **made}


def _with_pairs(splits: dict[str, Examples], cut: list[str]) -> dict[str, Examples]:
    """The same, but cut splits that lack pairs of a sort go back to train."""
    useless = [name for name in cut if not _has_pairs(splits[name])]
    whole = joined([splits["train"], *(splits[name] for name in useless)])
    kept = {name: part for name, part in splits.items() if name not in useless}
    empty = {name: replace(splits[name].take([]), is_cut=True) for name in useless}
    return {**kept, **empty, "train": whole}


def _has_pairs(part: Examples) -> bool:
    """Whether there are two classes, and one of them has two pictures."""
    counts = collections.Counter(map(int, part.columns["label"]))
    return len(counts) > 1 and max(counts.values()) > 1


def _hash(names: list[str], kind: int) -> str:
    name = "" if kind == UNLABELLED else names[kind]
    return hashlib.sha256(name.encode()).hexdigest()


def _sided(data: Data, names: list[str]) -> list[Problem]:
    """A note if the names of classes say that a mirrored picture would be of another one."""
    sided = [name for name in names if mirroring.has_sides(name)]
    if not sided:
        return []
    message = (
        f"classes are called like letters, digits or sides, as {sided[0]!r} is, so pictures are not"
        " mirrored in training. If they may be, set flip=on."
    )
    return [Problem("note", SIDED, data.source, message)]


def _outside(path: Path, table: dict, test: Examples) -> list[Problem]:
    """A warning if pairs of a file are not of the test, the one split that is judged on them."""
    own = set(test.names)
    both = zip(table["left"], table["right"], strict=True)
    count = sum(not own.issuperset(pair) for pair in both)
    if not count:
        return []
    message = (
        f"{count:,} of {len(table['left']):,} pairs are not of two pictures of the test, so they are"
        " not judged. Put their pictures into test/."
    )
    return [Problem("warning", "pairs-outside", str(path), message)]


def _lonely(split: str, part: Examples, names: list[str]) -> list[Problem]:
    """Classes of one picture, of which no pair can be made."""
    counts = collections.Counter(int(kind) for kind in part.columns[COLUMN])
    lonely = {kind for kind, count in counts.items() if count == 1}
    if counts and len(lonely) == len(counts):
        message = "no class has two pictures, so that there is no pair of one kind. Add some."
        return [Problem("error", "no-pairs", split, message)]
    if len(counts) == 1:
        message = "all pictures are of one class, so that there is no pair of two. Add another one."
        return [Problem("error", "no-pairs", split, message)]
    found = []
    for name, where, kind in zip(part.names, part.where, part.columns[COLUMN], strict=True):
        if int(kind) in lonely:
            message = (
                f"the only picture of {names[int(kind)]!r} in {split}: it makes no pair of one kind,"
                " and is compared with others only. Add a second one."
            )
            found.append(Problem("warning", "one-picture", where or name, message))
    return found


def _file(data: Data, path: str) -> Path | None:
    """The file of pairs that was named, or lies in the data's folder; None if there is none."""
    if path:
        return Path(path)
    beside = Path(data.source) / pair_files.NAME
    return beside if Path(data.source).is_absolute() and beside.is_file() else None


def _pairs(path: Path, splits: dict[str, Examples], names: list[str]) -> dict:
    """The table of a file of pairs, checked."""
    parts = list(splits.values())
    every = list(itertools.chain.from_iterable(part.names for part in parts))
    kinds = [names[int(kind)] for part in parts for kind in part.columns[COLUMN]]
    return pair_files.read(path, pair_files.numbered(every, kinds))
