"""Words of the data, cut again as the device cuts text, with the tags moved to the new words.

On the device a sentence is text: what the model learned of words that the device never makes, such
as U.S. or a whole Chinese clause, is of no use there, and a score on them says nothing of it.
"""

import dataclasses
import itertools
import re
from collections.abc import Sequence

from pipelines.edge import spans, words
from pipelines.formats.examples import Problem
from pipelines.ops import schemes

NEARLY_ALL = 0.95  # share of the words that are single letters if a word is a letter in the data
CLITIC = re.compile(r"n['\u2019]t", re.IGNORECASE)  # which English writes onto the word before
UNSPACED = re.compile(f"[{words.SINGLE}]")
SHOWN = 3  # words in a message


@dataclasses.dataclass(frozen=True)
class Sentence:
    """A sentence in other words. tags: by name; first: the old word that each new one begins in.

    count: how many old words there were; changed: those that are no new ones; hit: spans that
    begin or end within a new word.
    """

    tokens: list[str]
    tags: list[str]
    first: list[int]
    count: int
    changed: list[str]
    hit: int


def is_by_letter(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the words of data are single letters of a script without spaces, or nearly all."""
    every = list(itertools.chain.from_iterable(rows))
    single = sum(len(token) == 1 for token in every)
    unspaced = sum(map(bool, map(UNSPACED.fullmatch, every)))
    return single > NEARLY_ALL * len(every) and unspaced * 2 > len(every)


def cut(tokens: Sequence[str], tags: Sequence[str], scheme: str, by_letter: bool) -> Sentence:
    """One sentence in the device's words.

    scheme: bio, bioes or plain. by_letter: whether words are joined to text without spaces. A
    sentence with an empty word, or with more or fewer tags than words, stays as it is.
    """
    as_is = Sentence(list(tokens), list(tags), list(range(len(tokens))), len(tokens), [], 0)
    if len(tags) != len(tokens) or not all(map(str.strip, tokens)):
        return as_is
    text, places = _joined(tokens, by_letter)
    found = words.tokens(text)
    new = [(start, end) for _, start, end in found]
    if new == places:
        return as_is
    owners = [_overlapping(place, places) for place in new]
    kept = set(new)
    changed = [token for token, place in zip(tokens, places, strict=True) if place not in kept]
    made, hit = _moved(tags, places, new, owners, scheme)
    first = list(map(min, owners))
    return Sentence([text[start:end] for start, end in new], made, first, len(tokens), changed, hit)


def said(sentences: Sequence[Sentence], where: str) -> list[Problem]:
    """What the device's words change in all of the data."""
    changed = list(itertools.chain.from_iterable(one.changed for one in sentences))
    if not changed:
        return []
    count = sum(one.count for one in sentences)
    hit = sum(one.hit for one in sentences)
    message = (
        f"{len(changed):,} of {count:,} words are cut otherwise on the device, such as"
        f" {_instances(changed)}. The model learns and is judged on the device's words;"
        f" {hit:,} spans begin or end within one of them, and are taken for the whole word."
    )
    return [Problem("warning" if hit else "note", "device-words", where, message)]


def _instances(changed: Sequence[str]) -> str:
    """Some words that are cut otherwise, and how; those first that are parted."""
    split = [token for token in dict.fromkeys(changed) if _shown(token) != repr(token)]
    return ", ".join(f"{token!r} as {_shown(token)}" for token in (split or changed)[:SHOWN])


def _shown(token: str) -> str:
    return repr(" ".join(word for word, _, _ in words.tokens(token)))


def _joined(tokens: Sequence[str], by_letter: bool) -> tuple[str, list[tuple[int, int]]]:
    """(words as text, the place of each in it)."""
    text, places = "", []
    for token in tokens:
        if text and not by_letter and not _is_attached(text, token):
            text += " "
        places.append((len(text), len(text) + len(token)))
        text += token
    return text, places


def _is_attached(before: str, token: str) -> bool:
    """Whether no space is written between the end of a text and a word."""
    if CLITIC.fullmatch(token):
        return True
    return bool(UNSPACED.fullmatch(before[-1]) and UNSPACED.match(token))


def _overlapping(place: tuple[int, int], places: Sequence[tuple[int, int]]) -> list[int]:
    start, end = place
    return [i for i, (a, b) in enumerate(places) if a < end and start < b]


def _moved(
    tags: Sequence[str],
    places: Sequence[tuple[int, int]],
    new: Sequence[tuple[int, int]],
    owners: Sequence[Sequence[int]],
    scheme: str,
) -> tuple[list[str], int]:
    """(tags of the new words, how many spans begin or end within one)."""
    if scheme == "plain":
        return [tags[own[0]] for own in owners], 0
    found, hit, taken = [], 0, 0
    for first, last, kind in spans.spans(tags):
        start, end = places[first][0], places[last - 1][1]
        own = [i for i, (a, b) in enumerate(new) if a < end and start < b and i >= taken]
        if not own or (new[own[0]][0], new[own[-1]][1]) != (start, end):
            hit += 1
        if own:
            taken = own[-1] + 1
            found.append((own[0], taken, kind))
    return schemes.tagged(found, len(new), scheme), hit
