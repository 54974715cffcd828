"""The audit's checks of text: `tokens`, the words of each example, and the features with a tag for each of them."""

import collections
import statistics

from pipelines.formats import _tags
from pipelines.formats.examples import SPLITS, Problem
from pipelines.ops import schemes

ENDLESS = 1000  # tokens: no sentence is that long, but a file without blank lines is


def empty(data, facts):
    """Sentences without a token, and tokens without a letter."""
    for _, examples in _texts(data):
        for i, tokens in enumerate(examples.columns["tokens"]):
            if not len(tokens):
                message = "there is no token in it. Delete it."
                yield Problem("error", "empty", examples.where[i], message, examples.names[i])
            for j, token in enumerate(tokens):
                if not token.strip():
                    message = f"token {j + 1} is empty: {token!r}. Correct or delete it."
                    yield Problem(
                        "error", "empty-token", examples.place(i, j), message, examples.names[i]
                    )


def endless(data, facts):
    for _, examples in _texts(data):
        for i, tokens in enumerate(examples.columns["tokens"]):
            if len(tokens) > ENDLESS:
                message = (
                    f"this sentence has {len(tokens):,} tokens. Part sentences by blank lines."
                )
                yield Problem("warning", "endless", examples.where[i], message)


def uneven(data, facts):
    """Sentences with more or fewer tags than tokens."""
    for _, examples, feature, _ in _tagged(data):
        for i, tags in enumerate(examples.columns[feature]):
            tokens = examples.columns["tokens"][i]
            if len(tags) != len(tokens):
                message = (
                    f"{len(tokens)} tokens and {len(tags)} tags of {feature}. Each token needs one."
                )
                yield Problem("error", "uneven", examples.where[i], message, examples.names[i])


def broken(data, facts):
    """Tags that break the scheme which the data has."""
    found = collections.defaultdict(list)
    for _, examples, feature, names in _tagged(data):
        for i, ids in enumerate(examples.columns[feature]):
            if all(j in range(len(names)) for j in ids):
                found[feature].append((examples, i, [names[j] for j in ids]))
    for feature, rows in found.items():
        scheme = schemes.scheme(tags for *_, tags in rows)
        for examples, i, tags in rows:
            yield from _tags.broken(examples, i, tags, scheme, feature)


def repeated(data, facts):
    """The same sentence in two splits, or twice with other tags. Text repeats itself: neither is an error."""
    groups = collections.defaultdict(list)
    for split, examples in _texts(data):
        for i, tokens in enumerate(examples.columns["tokens"]):
            groups[tuple(tokens)].append((split, examples, i))
    for same in groups.values():
        last = same[-1]
        for split, examples, i in same[:-1]:
            if split != last[0]:
                message = (
                    f"this sentence is also in {last[0]}, at {last[1].where[last[2]]}. Keep one of"
                    " them."
                )
                yield Problem("warning", "leak", examples.where[i], message)
        for feature in data.labels:
            tags = [tuple(e.columns[feature][i]) for _, e, i in same if feature in e.columns]
            other = next((k for k, t in enumerate(tags) if t != tags[0]), None)
            if other:
                (_, first, i), (_, second, k) = same[0], same[other]
                message = (
                    f"this sentence has other tags of {feature} at {second.where[k]}. Keep the"
                    " right ones."
                )
                yield Problem("warning", "inconsistent", first.where[i], message)


def once(data, facts):
    """Tags that training sees once."""
    for split, examples, feature, names in _tagged(data):
        if split == "train":
            counts = collections.Counter(j for tags in examples.columns[feature] for j in tags)
            for j, n in counts.items():
                if n == 1 and j in range(len(names)):
                    yield Problem(
                        "warning",
                        "seen-once",
                        "train",
                        f"{feature} {names[j]!r} is there once. Look at it.",
                    )


def lengths(data, facts):
    for split, examples in _texts(data):
        counts = [len(tokens) for tokens in examples.columns["tokens"]]
        if counts:
            message = (
                f"{sum(counts):,} tokens; a sentence has {statistics.median(counts):g} in the"
                f" middle, {max(counts):,} at most."
            )
            yield Problem("note", "tokens", split, message)


CHECKS = (empty, endless, uneven, broken, repeated, once, lengths)


def _texts(data):
    """(split, Examples) that have tokens, in the order of splits."""
    for split in SPLITS:
        if split in data.splits and "tokens" in data.splits[split].columns:
            yield split, data.splits[split]


def _tagged(data):
    """(split, Examples, feature, names of its ids) of every feature that has a tag for each token."""
    for split, examples in _texts(data):
        for feature, names in data.labels.items():
            values = examples.columns.get(feature, ())
            if len(values) and hasattr(values[0], "__len__"):
                yield split, examples, feature, names
