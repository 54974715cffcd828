"""The device half of `text_classification`: plain text in, a label, several, or numbers out."""

import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from . import classification, lexicon, plain_text, terms, wordpiece, words

MOST = 256  # windows of a text

Encoded = tuple[dict[str, np.ndarray], float]  # inputs of one text, and the share that is left out


class Pieces:
    """A text as a BERT takes it: {"pieces": int32 (T,)}, a start, ids of word pieces, an end."""

    is_windowed = True  # whether parts of a text can be read by themselves

    def __init__(self, config: Mapping, learned: Mapping[str, Sequence[str]]):
        self.room = config["max_length"] - 2
        self._words = wordpiece.WordPiece(learned["pieces"])

    def items(self, text: str) -> list[int]:
        """The ids of the pieces of a text."""
        return self._words.text(text)

    def inputs(self, items: Sequence[int]) -> Encoded:
        """Those that there is room for, between a start and an end."""
        ends = (self._words.start, self._words.end)
        return {"pieces": encoded(items, self.room + 2, ends)}, _beyond(len(items), self.room)


class Words:
    """A text as ids of its words: {"words": int32 (T,)}, zeros behind."""

    is_windowed = True

    def __init__(self, config: Mapping, learned: Mapping[str, Sequence[str]]):
        self.room = config["max_length"]
        self._ids = words.ids(learned["words"])

    def items(self, text: str) -> list[str]:
        """The words of a text, as they are looked up."""
        return terms.items(text, terms.WORDS)

    def inputs(self, items: Sequence[str]) -> Encoded:
        """The first that there is room for."""
        ids = [self._ids.get(word, words.UNKNOWN) for word in items]
        return {"words": _filled(ids, self.room)}, _beyond(len(ids), self.room)


class Terms:
    """A text as its different terms: {"terms", "counts": int32 (T,)}, zeros behind."""

    is_windowed = False

    def __init__(self, config: Mapping, learned: Mapping[str, Sequence[str]]):
        self.room = config["max_length"]
        self._units, self._order = config["units"], config["order"]
        self._ids = words.ids(learned["terms"])

    def items(self, text: str) -> Sequence[str]:
        """What terms are made of."""
        return terms.items(text, self._units)

    def inputs(self, items: Sequence[str]) -> Encoded:
        """The terms that the model knows, and how often each is there."""
        counts = terms.counted(terms.runs(items, self._units, self._order), self._ids)
        inputs = {
            "terms": _filled(list(counts), self.room),
            "counts": _filled(list(counts.values()), self.room),
        }
        return inputs, _beyond(len(counts), self.room)


class Valued:
    """A text as ids of the words that a lexicon knows, and what marks them; see `edge.lexicon`."""

    is_windowed = False

    def __init__(self, config: Mapping, learned: Mapping[str, Sequence[str]]):
        self.room = config["max_length"]
        self._ids = words.ids(learned["lexicon"])

    def items(self, text: str) -> list[str]:
        """What stands between spaces."""
        return lexicon.items(text)

    def inputs(self, items: Sequence[str]) -> Encoded:
        """Four numbers of each of the first items that there is room for."""
        found = lexicon.encoded(items, self._ids)
        inputs = {name: _filled(values, self.room) for name, values in found.items()}
        return inputs, _beyond(len(items), self.room)


ENCODERS = {
    "pieces": Pieces,
    "words": Words,
    "terms": Terms,
    "lexicon": Valued,
}  # by the list that was learned


def encoder(
    config: Mapping, learned: Mapping[str, Sequence[str]]
) -> Pieces | Words | Terms | Valued:
    """What makes a model's inputs of a text: `inputs(items(text))`.

    config: `max_length` and, for terms, `units` and `order`. learned: the model's vocabulary, a
        list called pieces, words, terms or lexicon.
    """
    name = next(name for name in ENCODERS if name in learned)
    return ENCODERS[name](config, learned)


def encoded(pieces: Sequence[int], length: int, ends: tuple[int, int]) -> np.ndarray:
    """Ids of a text's pieces -> int32 (length,): between the two of `ends`, cut, zeros behind."""
    return _filled([ends[0], *pieces[: length - 2], ends[1]], length)


def _filled(ids: Sequence[int], length: int) -> np.ndarray:
    """int32 (length,), cut, zeros behind."""
    filled = np.zeros(length, np.int32)
    filled[: len(ids)] = ids[:length]
    return filled


def _beyond(count: int, room: int) -> float:
    """The share of `count` items that there is no room for."""
    return max(0, count - room) / max(1, count)


def parts(
    made: Pieces | Words | Terms | Valued, items: Sequence
) -> tuple[list[tuple[dict[str, np.ndarray], float]], float]:
    """([(inputs, share of the answer)], share that is left out) of a text's items.

    What is longer than a net takes is parted into windows that overlap, MOST of them at most; the
    share of each follows from the items that it has alone.
    """
    if not made.is_windowed or len(items) <= made.room:
        inputs, unread = made.inputs(items)
        return [(inputs, 1.0)], unread
    most = MOST * max(1, made.room * 3 // 4)
    read = items[:most]
    found = []
    for start, stop, first, last in words.windows([1] * len(read), made.room):
        inputs, _ = made.inputs(read[start:stop])
        found.append((inputs, (last - first) / len(read)))
    return found, _beyond(len(items), most)


def predict(
    source: str | os.PathLike | bytes, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict]:
    """Text, or a file or bytes of it -> (the answer of `classification` with "unread", {}).

    All of it is one text. What is longer than a net takes is read in windows that overlap, and the
    answer is the mean of theirs, each weighed by the words that it has alone. unread: share of the
        text that was left out: of word pieces or words beyond MOST windows, of different terms
        beyond the model's.
    run: {name: int32 (1, T)} -> outputs of `classification.named`. Raises ValueError if there is no
    text,
        or no UTF-8.
    """
    made = encoder(manifest["config"], manifest["learned"])
    items = made.items(plain_text.read(source))
    if not items:
        raise ValueError("there is no text in it")
    found, unread = parts(made, items)
    total: dict[str, np.ndarray] = {}
    for inputs, share in found:
        outputs = run({name: values[None] for name, values in inputs.items()})
        for name, values in outputs.items():
            total[name] = total.get(name, 0.0) + share * np.asarray(values)
    return {**classification.named(total, manifest), "unread": unread}, {}


def line(answer: dict) -> str:
    """An answer as people read it: `spam 0.93  (ham 0.07)`."""
    cut = f"  ({answer['unread']:.0%} of it was not read)" if answer["unread"] else ""
    return classification.line(answer) + cut
