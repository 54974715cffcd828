"""What all recommenders share: a user's history in, all items scored.

An example is a user: `history`, items that the model is told of, and `truth`, items that it has to
find. So a model serves whoever has a history, and not only users whom it was trained on.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from etils import epy

from pipelines.errors import PipelineError
from pipelines.families import held_interactions as held
from pipelines.families import interaction_checks as checking
from pipelines.families import interactions
from pipelines.families.interactions import TABLE, Interactions
from pipelines.formats.examples import Data, Examples, Problem

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf
    from scipy import sparse

    from pipelines.edge import kept_users

MOST = 200_000  # items: a history is a row of so many numbers
KEPT = 1_000_000  # interactions of histories that are kept: some 6 MB of text


def adapted(data: Data, config: interactions.Config, least: float = -np.inf) -> Data:
    """Data of interactions -> users as examples.

    least: interactions with a lower rating do not count. The columns are `history` and `truth`,
    lists of items, and `history_ratings` and `truth_ratings`; the table of items has `item`,
    `title` and `text`. Raises PipelineError if nothing can be learned.
    """
    if any("truth" in part.columns for part in data.splits.values()):
        return data
    known, again = checking.once(interactions.found(data, config))
    liked = known.take(np.flatnonzero(known.values >= least).tolist())
    _check(liked, known, least)
    problems = [*known.problems, *again, *checking.checks(liked)]
    splits, parts = {}, held.roles(liked, config)
    table = {TABLE: _table(liked, parts[held.TRAIN])}
    for split in held.SPLITS:
        splits[split] = dataclasses.replace(_examples(liked, parts[split], split), tables=table)
    _check_splits(splits, liked, config)
    problems += [*held.checks(liked, config), *_gone(liked, splits)]
    return Data(data.source, data.format, splits, {}, problems)


def _check(liked: Interactions, known: Interactions, least: float) -> None:
    users, items = len(set(liked.users)), len(set(liked.items))
    if users < 2 or items < 2:
        low = f" with a rating of {least:g} or more" if len(liked) < len(known) else ""
        raise PipelineError(
            f"{known.source} has interactions{low} of {users} users with {items} items, and two of"
            " each are needed at least. Check which columns are the user and the item."
        )
    if items > MOST:
        raise PipelineError(
            f"{known.source} has {items:,} items; {MOST:,} are the most. Leave out items with few"
            " interactions."
        )


def _check_splits(
    splits: Mapping[str, Examples], known: Interactions, config: interactions.Config
) -> None:
    if not len(splits[held.TRAIN]):
        raise PipelineError(
            f"{known.source}: nothing is left to train on. {held.few(known, config)}"
        )
    if not any(len(splits[name]) for name in ("validation", "test")):
        raise PipelineError(
            f"{known.source}: no interaction could be held out. A user needs {held.FEWEST} at"
            " least; add some, or name another split=."
        )


def _gone(known: Interactions, splits: Mapping[str, Examples]) -> Iterator[Problem]:
    """Users of a split of whom nothing else is known."""
    seen = {user for part in splits.values() for user in part.columns["user"]}
    cold = len(set(known.users) - seen)
    if cold:
        message = (
            f"{cold:,} users have nothing before what is held out, so nothing can be said to them:"
            " they are in no split."
        )
        yield Problem("note", "cold-user", "interactions", message)


def _table(known: Interactions, role: Sequence[int]) -> dict[str, list]:
    """All items, the most frequent of training first, equal ones by a hash.

    A model that scores items alike takes the first ones, so their order must say nothing of what
    is held out; nor may the name, as older items often have the smaller ids.
    """
    counts = dict.fromkeys(known.items, 0)
    for item, own in zip(known.items, role, strict=True):
        counts[item] += own == held.TOLD
    items = sorted(counts, key=lambda item: (-counts[item], held.hashed(item)))
    return {
        "item": items,
        "title": [known.titles.get(item, item) for item in items],
        "text": [known.texts.get(item, "") for item in items],
    }


def _examples(known: Interactions, role: Sequence[int], split: str) -> Examples:
    names, where = [], []
    columns: dict[str, list] = {name: [] for name in COLUMNS}
    for user, told, asked in held.examples(known, role, split):
        asked = told if split == held.TRAIN else asked  # what an autoencoder has to find
        names.append(user if split == held.TRAIN else f"{user} ({split})")
        where.append(known.where[told[0]])
        columns["user"].append(user)
        for name, rows in (("history", told), ("truth", asked)):
            columns[name].append([known.items[i] for i in rows])
            columns[f"{name}_ratings"].append([float(known.values[i]) for i in rows])
    return Examples(names, columns, where)


COLUMNS = ("user", "history", "history_ratings", "truth", "truth_ratings")


def learned(examples: Examples) -> dict[str, list[str]]:
    """What is kept of the training split: items, their titles and texts, and how often each
    occurs."""
    table = examples.tables[TABLE]
    counts = dict.fromkeys(table["item"], 0)
    for item in itertools.chain.from_iterable(examples.columns["history"]):
        counts[item] += 1
    return {
        "items": list(map(_one_line, table["item"])),
        "titles": list(map(_one_line, table["title"])),
        "texts": list(map(_one_line, table["text"])),
        "counts": list(map(str, counts.values())),
        "users": [str(len(examples))],
    }


def kept(examples: Examples) -> dict[str, list[str]]:
    """The users of the training split and the places of their items; {} if that is too much."""
    rows = examples.columns["history"]
    if sum(map(len, rows)) > KEPT:
        return {}
    place = {item: str(i) for i, item in enumerate(examples.tables[TABLE]["item"])}
    return {
        kept_users.USERS: list(map(_one_line, examples.columns["user"])),
        kept_users.HISTORIES: [" ".join(place[item] for item in row) for row in rows],
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())


def expanded(examples: Examples, config: Any) -> Examples:
    """Items as ids; those that training has not are counted: `unknown` of what has to be found."""
    ids = {item: i for i, item in enumerate(config.learned["items"])}
    columns: dict[str, list] = {"unknown": []}
    for name in ("history", "truth"):
        rows, ratings = [], []
        pairs = zip(examples.columns[name], examples.columns[f"{name}_ratings"], strict=True)
        for items, values in pairs:
            there = [(ids[_one_line(i)], v) for i, v in zip(items, values, strict=True)
                     if _one_line(i) in ids]  # fmt: skip
            rows.append(np.array([i for i, _ in there], np.int64))
            ratings.append(np.array([v for _, v in there], np.float32))
            if name == "truth":
                columns["unknown"].append(float(len(items) - len(there)))
        columns[name], columns[f"{name}_ratings"] = rows, ratings
    return dataclasses.replace(examples, columns=columns)


def dense(ids: Any, values: Any, count: int) -> Any:
    """Item ids and a value of each -> float32 (count,), 0 elsewhere; in TensorFlow."""
    known = tf.cast(values, tf.float32)
    return tf.ensure_shape(tf.scatter_nd(ids[:, None], known, [count]), (count,))


def items(config: Any) -> int:
    """How many items a model scores: I."""
    return len(config.learned["items"])


def check_users(config: Any, most: int, keeps: str, advice: str) -> None:
    """Raises PipelineError if users x items of training are more than `most` numbers.

    keeps: which method keeps what of each user.
    """
    size = int(config.learned["users"][0]) * items(config)
    if size > most:
        raise PipelineError(f"{keeps}, {size:,} numbers here and at most {most:,}. {advice}")


def counts(config: Any) -> Any:
    """Interactions of each item in training, float32 (I,)."""
    return np.array(config.learned["counts"], np.float32)


def matrix(source: Any, split: str = "train", column: str = "history") -> Any:
    """Who is told of what, or has to find it: 1 for each interaction, sparse float32 (users, I)."""
    users, ids, _ = ratings(source, split, column)
    part = source.held_out(split)
    shape = len(part), items(part.config)
    return sparse.csr_matrix((np.ones(len(ids), np.float32), (users, ids)), shape)


def ratings(source: Any, split: str = "train", column: str = "history") -> tuple[Any, Any, Any]:
    """(user numbers, item ids, ratings) of a split, one entry for each interaction."""
    columns = source.held_out(split).examples.columns
    rows = columns[column]
    users = np.repeat(np.arange(len(rows)), list(map(len, rows)))
    ids, values = (np.concatenate([*columns[name], []]) for name in (column, f"{column}_ratings"))
    return users, ids.astype(np.int64), values
