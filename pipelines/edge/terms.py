"""Plain text -> its terms: words or characters, alone and in runs."""

import collections
import re
from collections.abc import Sequence

from . import words

WORDS, CHARACTERS = ("words", "characters")  # what a term is made of


def items(text: str, units: str) -> list[str]:
    """What the terms of a text are made of, in reading order.

    Words are as `words.normal` makes them. Characters are in lower case; space of any kind is one
    space, and a space stands at either end.
    """
    if units == WORDS:
        return [words.normal(word) for word, _, _ in words.tokens(text)]
    inner = re.sub(r"\s+", " ", text.lower()).removeprefix(" ").removesuffix(" ")
    return list(f" {inner} ") if inner else []


def runs(items: Sequence[str], units: str, order: int) -> list[str]:
    """The terms: every item alone, then all runs of two, up to `order`; a space joins words."""
    glue = " " if units == WORDS else ""
    found = []
    for length in range(1, order + 1):
        for i in range(len(items) - length + 1):
            found.append(glue.join(items[i : i + length]))
    return found


def counted(found: Sequence[str], ids: dict[str, int]) -> dict[int, int]:
    """Terms of a text, ids of those that are known -> {id: times}, in the order of their first."""
    return dict(collections.Counter(ids[term] for term in found if term in ids))
