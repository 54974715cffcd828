"""What looks wrong with interactions, and how good a list of the most popular items already is."""

import collections
from collections.abc import Iterator, Sequence

from etils import epy

from pipelines.families.interactions import Interactions
from pipelines.formats.examples import Problem

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

FEW = 5  # interactions of a user or an item below which little can be learned of it
SECONDS = (1e8, 4e9)  # since 1970: 1973 to 2096; larger ones are milliseconds and so on
HEAD = 0.1  # share of the items, the most popular ones


def checks(known: Interactions) -> Iterator[Problem]:
    """Notes and warnings; `known` holds every pair once."""
    yield from _few("user", known.users)
    yield from _few("item", known.items)
    yield from _alike("user", known.users)
    yield from _alike("item", known.items)
    yield from _constant(known)
    yield from _times(known)
    yield from _without_features(known)
    yield from _head(known)


def once(known: Interactions) -> tuple[Interactions, list[Problem]]:
    """Each pair of user and item once, the last in time, or else the last row; what was left
    out."""
    order = np.argsort(known.times, kind="stable") if known.times is not None else range(len(known))
    last: dict[tuple[str, str], int] = {}
    again, differ, where = 0, 0, ""
    for i in map(int, order):
        pair = known.users[i], known.items[i]
        if pair in last:
            again += 1
            differ += bool(known.values[i] != known.values[last[pair]])
            where = where or known.where[i]
        last[pair] = i
    if not again:
        return known, []
    ratings = f", {differ:,} of them with another rating" if known.has_ratings else ""
    message = (
        f"{again:,} interactions are there before, of the same user with the same item{ratings}."
        " The latest counts."
    )
    return known.take(sorted(last.values())), [Problem("warning", "twice", where, message)]


def _few(what: str, keys: Sequence[str]) -> Iterator[Problem]:
    counts = collections.Counter(keys)
    few = [key for key, count in counts.items() if count < FEW]
    if few:
        message = (
            f"{len(few):,} of {len(counts):,} {what}s have fewer than {FEW} interactions, such as"
            f" {few[0]!r}: little can be learned of them."
        )
        yield Problem("note", f"few-of-{what}", "interactions", message)


def _alike(what: str, keys: Sequence[str]) -> Iterator[Problem]:
    """Ids that differ by case alone."""
    found: dict[str, str] = {}
    for key in dict.fromkeys(keys):
        other = found.setdefault(key.casefold(), key)
        if other != key:
            message = (
                f"{what}s {other!r} and {key!r} differ by case alone, and count as two. Write them"
                " alike if they are one."
            )
            yield Problem("warning", f"alike-{what}", "interactions", message)
            return


def _constant(known: Interactions) -> Iterator[Problem]:
    """Users who give each item the same rating."""
    ratings: dict[str, list[float]] = {}
    for user, value in zip(known.users, known.values, strict=True):
        ratings.setdefault(user, []).append(float(value))
    same = [user for user, own in ratings.items() if len(own) >= FEW and len(set(own)) == 1]
    if same and known.has_ratings and len(set(known.values.tolist())) > 1:
        message = (
            f"{len(same):,} users give each item the same rating, such as {same[0]!r}: their"
            " ratings say nothing of what they like."
        )
        yield Problem("note", "constant-rater", "interactions", message)


def _times(known: Interactions) -> Iterator[Problem]:
    if known.times is None or not len(known):
        return
    low, high = SECONDS
    is_seconds = (known.times >= low) & (known.times <= high)
    other = np.flatnonzero(~is_seconds & (known.times > high))
    if is_seconds.any() and len(other):
        message = (
            f"{len(other):,} times are in another unit than seconds, or far in the future, such as"
            f" {known.times[other[0]]:.0f}. Write all in one unit."
        )
        yield Problem("warning", "time-unit", known.where[other[0]], message)


def _without_features(known: Interactions) -> Iterator[Problem]:
    if not known.titles and not known.texts:
        return
    without = [
        i for i in dict.fromkeys(known.items) if i not in known.titles and i not in known.texts
    ]
    if without:
        message = (
            f"{len(without):,} items have neither title nor text, such as {without[0]!r}. Add them"
            " to the table of items."
        )
        yield Problem("warning", "no-features", "items", message)


def _head(known: Interactions) -> Iterator[Problem]:
    """How much of all goes to the most popular items."""
    counts = sorted(collections.Counter(known.items).values(), reverse=True)
    if not counts:
        return
    head = max(1, round(HEAD * len(counts)))
    share = sum(counts[:head]) / len(known)
    density = len(known) / (len(set(known.users)) * len(counts))
    message = (
        f"{len(known):,} interactions of {len(set(known.users)):,} users with {len(counts):,} items"
        f" ({density:.1%} of all pairs); {share:.0%} are with the {head:,} most popular items."
    )
    yield Problem("note", "popularity", "interactions", message)
