"""Sentences whose tags lie one word off: those that fit other sentences better by one place.

What a word is tagged elsewhere tells what its tag should be. A sentence none of whose marked words
has such a tag, and all of which would have one if the tags moved by one place, is told.
"""

import collections
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from pipelines.engine.audit.facts import Example, Facts, each, features, over
from pipelines.formats.examples import Problem

OUTSIDE = "O"
FEWEST = 2  # different words of a sentence that must be known from others

Known = Mapping[str, collections.Counter]  # {word: {tag: how often it has it}}


def shifted(feature: str, facts: Facts) -> Iterator[Problem]:
    """Warns of sentences whose tags would fit if they were moved by one word."""
    names = facts.data.labels[feature]
    if OUTSIDE not in names:
        return
    outside = names.index(OUTSIDE)
    tagged = [e for e in each(facts.data, "tokens") if _is_tagged(e, feature)]
    known: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for example in tagged:
        for word, tag in zip(example["tokens"], example[feature], strict=True):
            known[word][int(tag)] += 1
    for example in tagged:
        move = _move(example["tokens"], list(map(int, example[feature])), known, outside)
        if move:
            message = (
                f"its tags of {feature} fit the words one place {move}, going by other sentences."
                " Look at it."
            )
            yield example.warning("shifted-tags", message)


def _is_tagged(example: Example, feature: str) -> bool:
    tags = example.get(feature, None)
    return hasattr(tags, "__len__") and len(tags) == len(example["tokens"])


def _move(words: Sequence[str], tags: Sequence[int], known: Known, outside: int) -> str:
    """Where the tags fit, "earlier" or "later"; "" if they fit where they are, or nowhere."""
    usual = _usual(words, tags, known, outside)
    places = np.array(list(usual), int)
    wanted, own = np.array(list(usual.values()), int), np.array(tags, int)
    different = {words[i] for i in usual}
    if len(different) < FEWEST or (own[places] == wanted).any():
        return ""
    if (own[places] != outside).all():  # a name in another place of a longer one
        return ""
    moves = {"earlier": places + 1, "later": places - 1}
    return next((move for move, there in moves.items() if _fit(own, there, wanted)), "")


def _fit(tags: np.ndarray, places: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether the tags at all of these places are there and as wanted."""
    is_within = (places >= 0) & (places < len(tags))
    return bool(is_within.all() and (tags[places] == wanted).all())


def _usual(words: Sequence[str], tags: Sequence[int], known: Known, outside: int) -> dict[int, int]:
    """{place: tag} of the words that are marked, and always alike, in all other sentences."""
    own: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for word, tag in zip(words, tags, strict=True):
        own[word][tag] += 1
    found = {}
    for i, word in enumerate(words):
        others = known[word] - own[word]
        if len(others) == 1 and outside not in others:
            (found[i],) = others
    return found


CHECKS = (over(features, shifted),)
