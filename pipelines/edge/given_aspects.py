"""Aspects that a text names by marks, as in `the [[battery life]] is great`, as models take them."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from . import terms, wordpiece, words

OPEN, CLOSE = "[[", "]]"
MARKED = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
LIKE_THIS = "mark each aspect, as in: the [[battery life]] is great"
OUTSIDE, AGAIN, INSIDE = 0, 1, 2  # roles of a piece: of the text, of the aspect told again, within
SECOND = 4  # the aspect told again takes one part in so many at most
ENDS = 3  # a start and two ends

Place = tuple[int, int]  # first character and the one behind the last


def marked(text: str, start: int, end: int) -> str:
    """A text with one aspect marked; brackets that it has like marks become round."""
    parts = (text[:start], text[start:end], text[end:])
    before, aspect, after = (part.replace(OPEN, "((").replace(CLOSE, "))") for part in parts)
    return f"{before}{OPEN}{aspect}{CLOSE}{after}"


def parted(text: str) -> tuple[str, list[Place]]:
    """A text with marks -> (without them, the places of what they mark).

    Raises ValueError if nothing is marked, a mark is empty, or one is alone.
    """
    plain, places, at = "", [], 0
    for found in MARKED.finditer(text):
        plain += text[at : found.start()]
        places.append((len(plain), len(plain) + len(found[1])))
        plain += found[1]
        at = found.end()
    plain += text[at:]
    if not places or OPEN in plain or CLOSE in plain:
        raise ValueError(LIKE_THIS)
    if not all(plain[start:end].strip() for start, end in places):
        raise ValueError(f"a mark is empty; {LIKE_THIS}")
    return plain, places


def sentence(text: str, start: int, end: int) -> tuple[str, int, int]:
    """The line or lines that an aspect stands in, which a model reads, and its place in these."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    stop = len(text) if last < 0 else last
    return text[first:stop], start - first, end - first


class Pieces:
    """A text and one aspect as a BERT takes them, int32 (T,) each, zeros behind.

    "pieces": a start, the text, an end, the aspect again, an end. "roles": INSIDE for the pieces of
    the aspect in the text, AGAIN for what follows the first end, else OUTSIDE. A text that is too
    long is cut to what stands around the aspect.
    """

    def __init__(self, config: Mapping, learned: Mapping[str, Sequence[str]]):
        self._length = config["max_length"]
        self._words = wordpiece.WordPiece(learned["pieces"])

    def inputs(self, text: str, start: int, end: int) -> dict[str, np.ndarray]:
        """start, end: the aspect, in characters."""
        parts = (text[:start], text[start:end], text[end:])
        before, aspect, after = map(self._words.text, parts)
        again = aspect[: self._length // SECOND]
        room = self._length - ENDS - len(again)
        aspect = aspect[:room]
        ahead, behind = _shares(len(before), len(after), room - len(aspect))
        before, after = before[len(before) - ahead :], after[:behind]
        stop = self._words.end
        pieces = [self._words.start, *before, *aspect, *after, stop, *again, stop]
        roles = [OUTSIDE] * (1 + ahead) + [INSIDE] * len(aspect) + [OUTSIDE] * (behind + 1)
        roles += [AGAIN] * (len(again) + 1)
        return {
            "pieces": filled(pieces, self._length),
            "roles": filled(roles, self._length),
        }


class Terms:
    """A text and one aspect as counted terms: {"terms", "counts": int32 (T,)}, zeros behind.

    Words and pairs of words of the text; `~word` for each of the `near` words on either side of
    the aspect; `=word` for those of the aspect.
    """

    def __init__(self, config: Mapping, learned: Mapping[str, Sequence[str]]):
        self._length, self._near = config["max_length"], config["near"]
        self._ids = words.ids(learned["terms"])

    def inputs(self, text: str, start: int, end: int) -> dict[str, np.ndarray]:
        """start, end: the aspect, in characters."""
        counts = terms.counted(around(text, start, end, self._near), self._ids)
        return {
            "terms": filled(list(counts), self._length),
            "counts": filled(list(counts.values()), self._length),
        }


def around(text: str, start: int, end: int, near: int) -> list[str]:
    """The terms of a text and one aspect; see `Terms`."""
    parts = (text[:start], text[start:end], text[end:])
    before, aspect, after = (terms.items(part, terms.WORDS) for part in parts)
    next_to = before[max(0, len(before) - near) :] + after[:near]
    own = terms.runs(before + aspect + after, terms.WORDS, 2)
    return own + [f"~{word}" for word in next_to] + [f"={word}" for word in aspect]


ENCODERS = {"pieces": Pieces, "terms": Terms}  # by the list that was learned


def encoder(config: Mapping, learned: Mapping[str, Sequence[str]]) -> Pieces | Terms:
    """What makes a model's inputs of a text and the place of one aspect."""
    name = next(name for name in ENCODERS if name in learned)
    return ENCODERS[name](config, learned)


def filled(ids: Sequence[int], length: int) -> np.ndarray:
    """int32 (length,), cut, zeros behind."""
    made = np.zeros(length, np.int32)
    made[: len(ids)] = ids[:length]
    return made


def _shares(before: int, after: int, room: int) -> Place:
    """How many of the pieces before and after the aspect are read: about as many of each."""
    behind = min(after, max(room - before, room // 2))
    return min(before, room - behind), behind
