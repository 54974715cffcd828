"""The audit's checks of text: `tokens`, the words of each example, and the tags of each of them."""

import collections
import itertools
import statistics
from collections.abc import Iterable, Iterator

from pipelines.engine.audit.facts import (
    Example,
    Facts,
    each,
    earlier,
    features,
    over,
    same,
)
from pipelines.formats import _tags
from pipelines.formats.examples import SPLITS, Problem
from pipelines.ops import schemes

SENTENCE = 5  # tokens: shorter ones come again by chance
ENDLESS = 1000  # tokens: no sentence is that long, but a file without blank lines is


def empty(example: Example, facts: Facts) -> Iterator[Problem]:
    """A sentence without a token."""
    if not len(example["tokens"]):
        yield example.error("empty", "there is no token in it. Delete it.")


def empty_tokens(example: Example, facts: Facts) -> Iterator[Problem]:
    """Tokens without a letter."""
    for i, token in enumerate(example["tokens"]):
        if not token.strip():
            message = f"token {i + 1} is empty: {token!r}. Correct or delete it."
            yield example.error("empty-token", message, example.place(i))


def endless(example: Example, facts: Facts) -> Iterator[Problem]:
    count = len(example["tokens"])
    if count > ENDLESS:
        message = f"this sentence has {count:,} tokens. Separate sentences by blank lines."
        yield example.warning("endless", message)


def uneven(feature: str, facts: Facts) -> Iterator[Problem]:
    """Sentences with more or fewer tags of one feature than tokens."""
    for example in _tagged(feature, facts):
        tokens, tags = len(example["tokens"]), len(example[feature])
        if tags != tokens:
            message = f"{tokens} tokens and {tags} tags of {feature}. Each token needs one."
            yield example.error("uneven", message)


def broken(feature: str, facts: Facts) -> Iterator[Problem]:
    """Tags of one feature that break the scheme which the data has."""
    named = list(_named(feature, facts))
    change = schemes.alike(tags for _, tags in named)
    if change:
        message = f"these tags would mark spans if they were written as usual: {change}."
        yield Problem("error", "scheme", feature, f"{message} Write them so.")
    scheme = schemes.scheme(tags for _, tags in named)
    for example, tags in named:
        yield from _tags.broken(example.examples, example.row, tags, scheme, feature)


def leaks(group: list[Example], facts: Facts) -> Iterator[Problem]:
    """The same sentence in two splits. Text repeats itself, so this is no error."""
    last = group[-1]
    for example in earlier(group):
        message = f"this sentence is also in {last.split}, at {last.where}. Keep one of them."
        yield example.warning("leak", message)


def inconsistent(tagged: tuple[str, list[Example]], facts: Facts) -> Iterator[Problem]:
    """The same sentence with other tags of a feature, told of the first."""
    feature, (first, *rest) = tagged
    others = [example for example in rest if tuple(example[feature]) != tuple(first[feature])]
    if others:
        message = (
            f"this sentence has other tags of {feature} at {others[0].where}. Keep the right ones."
        )
        yield first.warning("inconsistent", message)


def repeated(split: str, facts: Facts) -> Iterator[Problem]:
    """Sentences of a split that it has again. Text repeats itself, so this is a note."""
    long = [e for e in _sentences(facts) if e.split == split and len(e["tokens"]) >= SENTENCE]
    again = [group for group in same(long, _tokens) if len(group) > 1]
    if again:
        first, second, *_ = again[0]
        message = (
            f"{len(again):,} sentences of {SENTENCE} words or more are there more than once, such"
            f" as {first.where} and {second.where}. If they are copies, delete them."
        )
        yield Problem("note", "repeated", split, message)


def once(feature: str, facts: Facts) -> Iterator[Problem]:
    """Tags of one feature that training sees once."""
    rows = [e[feature] for e in _tagged(feature, facts) if e.split == "train"]
    counts = collections.Counter(itertools.chain.from_iterable(rows))
    single = [i for i, n in counts.items() if n == 1]
    for name in _names(single, feature, facts):
        message = f"{feature} {name!r} is there once. Look at it."
        yield Problem("warning", "seen-once", "train", message)


def lengths(facts: Facts) -> Iterator[Problem]:
    counts = collections.defaultdict(list)
    for example in _sentences(facts):
        counts[example.split].append(len(example["tokens"]))
    for split, tokens in counts.items():
        message = (
            f"{sum(tokens):,} tokens; a sentence has {statistics.median(tokens):g} in the middle,"
            f" {max(tokens):,} at most."
        )
        yield Problem("note", "tokens", split, message)


def _sentences(facts: Facts) -> Iterator[Example]:
    return each(facts.data, "tokens")


def _tokens(example: Example) -> tuple[str, ...]:
    return tuple(example["tokens"])


def _same(facts: Facts) -> list[list[Example]]:
    return same(_sentences(facts), _tokens)


def _same_tagged(facts: Facts) -> Iterator[tuple[str, list[Example]]]:
    """(feature, group of equal sentences that have tags of it)."""
    for feature in facts.data.labels:
        for group in same(_tagged(feature, facts), _tokens):
            yield feature, group


CHECKS = (
    over(_sentences, empty),
    over(_sentences, empty_tokens),
    over(_sentences, endless),
    over(features, uneven),
    over(features, broken),
    over(_same, leaks),
    over(_same_tagged, inconsistent),
    over(lambda facts: SPLITS, repeated),
    over(features, once),
    lengths,
)


def _tagged(feature: str, facts: Facts) -> Iterator[Example]:
    """The sentences that have a tag of `feature` for each token."""
    for example in _sentences(facts):
        if feature in example.examples.columns and hasattr(example[feature], "__len__"):
            yield example


def _named(feature: str, facts: Facts) -> Iterator[tuple[Example, list[str]]]:
    """(sentence, its tags by name), but for sentences with a tag that has no name."""
    for example in _tagged(feature, facts):
        names = _names(example[feature], feature, facts)
        if len(names) == len(example[feature]):
            yield example, names


def _names(ids: Iterable[int], feature: str, facts: Facts) -> list[str]:
    """The names of those ids that have one."""
    names = facts.data.labels[feature]
    return [names[i] for i in ids if i in range(len(names))]
