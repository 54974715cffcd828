"""The device half of `tagging`: plain text in, the spans in it out."""

import os
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from . import clues, plain_text, rules, spans, wordpiece, words

# The files that this one needs next to it.


class Encoder:
    """Words of a sentence -> what the model takes. `size`: the words that fit into a window.

    config: the settings, a dict; learned: {name: list of str}.
    """

    def __init__(self, config: dict, learned: dict[str, list[str]]):
        self.length, self.letters = config["max_length"], config.get("word_length", 0)
        self._clues = words.ids(learned["clues"]) if "clues" in learned else None
        self._pieces = wordpiece.WordPiece(learned["pieces"]) if "pieces" in learned else None
        self._letters, self._shapes, self._words = (
            words.ids(learned.get(name, ())) for name in ("letters", "shapes", "words")
        )
        self._rules = rules.Rules(learned["rules"]) if "rules" in learned else None
        self._tags = config.get("tags", ())
        self._is_plain = not {"clues", "pieces", "letters"} & set(learned)
        # A start and an end stand around pieces.
        self.size = self.length - 2 if self._pieces else self.length

    def windows(self, tokens: Sequence[str]) -> list[tuple[int, int, int, int]]:
        """[(start, stop, first, last)] of each window of a sentence; see `words.windows`."""
        costs = [1] * len(tokens)
        if self._pieces:
            costs = [len(self._pieces(token)) for token in tokens]
        return words.windows(costs, self.size)

    def inputs(self, tokens: Sequence[str]) -> dict[str, np.ndarray]:
        """Words of one window, T at most -> {"words", "shapes": (T,), "letters": (T, L)}, int32.

        Zeros stand behind. A model on hand-made features takes {"clues": (T, F)} alone. With a
        backbone `pieces` (T + 2,), its ids, and `first` (T,), where each word begins in them, stand
        in place of `words`. With rules there is `ruled` (T,) as well; see `rules.fixed`.
        """
        if self._rules is None:
            return self._read(tokens)
        ruled = rules.fixed(self._rules.spans(tokens), len(tokens), self._tags)
        own = {"ruled": _padded([ruled], (1, self.size))[0]}
        return own if self._is_plain else {**self._read(tokens), **own}

    def _read(self, tokens: Sequence[str]) -> dict[str, np.ndarray]:
        """What a net reads."""
        if self._clues is not None:
            found = [_looked_up(self._clues, row) for row in clues.clues(tokens)]
            return {"clues": _padded(found, (self.size, clues.COUNT))}
        shapes = _looked_up(self._shapes, map(words.shape, tokens))
        letters = [_looked_up(self._letters, token[: self.letters]) for token in tokens]
        own = self._of_words(tokens) if self._pieces is None else self._of_pieces(tokens)
        return {
            **own,
            "shapes": _padded([shapes], (1, self.size))[0],
            "letters": _padded(letters, (self.size, self.letters)),
        }

    def _of_words(self, tokens: Sequence[str]) -> dict[str, np.ndarray]:
        ids = _looked_up(self._words, map(words.normal, tokens))
        return {"words": _padded([ids], (1, self.size))[0]}

    def _of_pieces(self, tokens: Sequence[str]) -> dict[str, np.ndarray]:
        pieces, first = [self._pieces.start], []
        for token in tokens:
            first.append(len(pieces))
            pieces += self._pieces(token)
        # A word by itself may have more than there is room for.
        pieces = [*pieces[: self.length - 1], self._pieces.end]
        return {
            "pieces": _padded([pieces], (1, self.length))[0],
            "first": _padded([first], (1, self.size))[0],
        }


def _looked_up(ids: dict[str, int], entries: Iterable[str]) -> list[int]:
    return [ids.get(entry, words.UNKNOWN) for entry in entries]


def _padded(rows: Sequence[Sequence[int]], shape: tuple[int, int]) -> np.ndarray:
    """Rows of ids in int32 of a shape, zeros behind and below."""
    padded = np.zeros(shape, np.int32)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return padded


def predict(
    source: str | os.PathLike | bytes, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict]:
    """Text -> ({"text": str, "spans": [{"start", "end", "label", "text"}]}, {}).

    source: text, or a file or bytes of it. start, end: characters of the text, end exclusive. Each
    line is a sentence; one that is longer than the model takes goes through it in windows.
    run: {"words": int32 (1, T), ...} -> {"tags": int32 (1, T)}. Raises ValueError if the file is no
        UTF-8 text.
    """
    text, encoder = plain_text.read(source), Encoder(manifest["config"], manifest["learned"])
    plain = manifest["config"]["scheme"] == "plain"
    found, at = [], 0
    for line in text.splitlines(keepends=True):
        tokens = words.tokens(line)
        tags = [manifest["labels"][i] for i in tag([word for word, _, _ in tokens], run, encoder)]
        for first, last, label in spans.spans(tags, plain):
            start, end = at + tokens[first][1], at + tokens[last - 1][2]
            found.append({"start": start, "end": end, "label": label, "text": text[start:end]})
        at += len(line)
    return {"text": text, "spans": found}, {}


def tag(tokens: Sequence[str], run: Callable[[dict], dict], encoder: Encoder) -> list[int]:
    """Ids of the tags of one sentence's words."""
    if not tokens:
        return []
    tags = []
    for start, stop, first, last in encoder.windows(tokens):
        inputs = {name: values[None] for name, values in encoder.inputs(tokens[start:stop]).items()}
        tags += np.asarray(run(inputs)["tags"])[0, first - start : last - start].tolist()
    return tags


def line(answer: dict) -> str:
    """An answer as people read it: `person Angela Merkel; location Paris`."""
    told = [f"{span['label']} {' '.join(span['text'].split())}" for span in answer["spans"]]
    return "; ".join(told) or "nothing"
