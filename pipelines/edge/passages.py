"""A question and a passage in pieces: windows of the passage, and which characters a piece is of."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from . import wordpiece

ENDS = 3  # a start before the question, an end behind it, and one behind the passage
BEFORE = 2  # of these, those that stand before the passage


class Window(NamedTuple):
    """One window of a passage behind its question.

    pieces: int32 (P,), zeros behind. segments: int32 (P,), 1 at the pieces of the passage.
    begins, ends: int32 (P,), the characters of the passage that the word of each piece has, end
        exclusive; 0 at other places.
    """

    pieces: np.ndarray
    segments: np.ndarray
    begins: np.ndarray
    ends: np.ndarray

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        """What a model takes."""
        return {"pieces": self.pieces, "segments": self.segments}


class Encoder:
    """Question and passage -> windows.

    config: `max_length`, the places of a window; `overlap`, the share of a window that the next one
        has again; `question_length`, pieces of a question that are read. learned: `pieces`.
    """

    def __init__(self, config: Mapping, learned: Mapping[str, Sequence[str]]):
        self.length, self._asked = config["max_length"], config["question_length"]
        self._overlap = config["overlap"]
        self._words = wordpiece.WordPiece(learned["pieces"])

    def windows(self, question: str, passage: str) -> list[Window]:
        """One window at least."""
        asked = self._words.text(question)[: min(self._asked, self.length - ENDS - 1)]
        places = wordpiece.places(passage)
        pieces, owners = [], []
        for i, (start, end) in enumerate(places):
            own = self._words(passage[start:end])
            pieces += own
            owners += [i] * len(own)
        spans = np.array([places[i] for i in owners], np.int32).reshape(-1, 2)
        room = self.length - ENDS - len(asked)
        return [
            self._window(asked, pieces[start : start + room], spans[start : start + room])
            for start in starts(len(pieces), room, self._overlap)
        ]

    def unknown(self, text: str) -> float:
        """The share of the pieces of a text that are no piece of the vocabulary."""
        pieces = self._words.text(text)
        return pieces.count(self._words.unknown) / max(1, len(pieces))

    def _window(self, asked: list[int], pieces: list[int], spans: np.ndarray) -> Window:
        words = self._words
        whole = [words.start, *asked, words.end, *pieces, words.end]
        first = BEFORE + len(asked)
        inside = slice(first, first + len(pieces))
        made = Window(*(np.zeros(self.length, np.int32) for _ in Window._fields))
        made.pieces[: len(whole)] = whole
        made.segments[inside] = 1
        made.begins[inside], made.ends[inside] = spans.T
        return made


def starts(count: int, room: int, overlap: float) -> list[int]:
    """Where windows of `room` pieces begin in `count` pieces; the last one ends with these."""
    step = max(1, round(room * (1 - overlap)))
    beyond = max(0, count - room)
    return [*range(0, beyond, step), beyond]
