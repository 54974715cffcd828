"""The device half of `tagging`: plain text in, the spans in it out."""

import numpy as np

from . import clues, plain_text, spans, wordpiece, words

FILES = ("clues", "plain_text", "words", "spans", "wordpiece")  # what this file needs beside it


class Encoder:
    """Words of a sentence -> what the model takes. config: the settings, a dict; learned: {name:
    list of str}.

    `size` is the number of words that fit into a window.
    """

    def __init__(self, config, learned):
        self.length, self.letters = config["max_length"], config.get("word_length", 0)
        self._clues = words.ids(learned["clues"]) if "clues" in learned else None
        self._pieces = wordpiece.WordPiece(learned["pieces"]) if "pieces" in learned else None
        ids = {name: words.ids(learned.get(name, ())) for name in ("letters", "shapes", "words")}
        self._letters, self._shapes, self._words = ids["letters"], ids["shapes"], ids["words"]
        self.size = (
            self.length - 2 if self._pieces else self.length
        )  # a start and an end stand around pieces

    def windows(self, tokens):
        """[(start, stop, first, last)] of each window of a sentence; see `words.windows`."""
        costs = (
            [len(self._pieces(token)) for token in tokens] if self._pieces else [1] * len(tokens)
        )
        return words.windows(costs, self.size)

    def inputs(self, tokens):
        """Words of one window, T at most -> {"words", "shapes": (T,), "letters": (T, L)}, int32,
        zeros behind.

        A model on hand-made features takes {"clues": (T, F)} alone. With a backbone `pieces` (T +
        2,), its ids, and `first` (T,), where each word begins in them, stand in place of `words`.
        """
        if self._clues is not None:
            row = np.zeros((self.size, clues.COUNT), np.int32)
            for i, found in enumerate(clues.clues(tokens)):
                row[i, : len(found)] = [self._clues.get(clue, words.UNKNOWN) for clue in found]
            return {"clues": row}
        made = {
            "shapes": np.zeros(self.size, np.int32),
            "letters": np.zeros((self.size, self.letters), np.int32),
        }
        for i, token in enumerate(tokens):
            made["shapes"][i] = self._shapes.get(words.shape(token), words.UNKNOWN)
            for j, letter in enumerate(token[: self.letters]):
                made["letters"][i, j] = self._letters.get(letter, words.UNKNOWN)
        row = np.zeros(self.size, np.int32)
        if self._pieces is None:
            row[: len(tokens)] = [
                self._words.get(words.normal(token), words.UNKNOWN) for token in tokens
            ]
            return {"words": row, **made}
        pieces = [self._pieces.start]
        for i, token in enumerate(tokens):
            row[i] = len(pieces)
            pieces += self._pieces(token)
        pieces = [
            *pieces[: self.length - 1],
            self._pieces.end,
        ]  # a word by itself may have more than there is room for
        return {
            "pieces": np.array(pieces + [0] * (self.length - len(pieces)), np.int32),
            "first": row,
            **made,
        }


def predict(source, run, manifest):
    """Text, or a file or bytes of it, -> ({"text": str, "spans": [{"start", "end", "label",
    "text"}]}, {}).

    start, end: characters of the text, end exclusive. Each line is a sentence; one that is longer
        than the model takes
    goes through it in windows. run: {"words": int32 (1, T), ...} -> {"tags": int32 (1, T)}. Raises
    ValueError where the file is no UTF-8 text.
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


def tag(tokens, run, encoder):
    """Ids of the tags of one sentence's words."""
    tags = []
    for start, stop, first, last in encoder.windows(tokens) if tokens else ():
        inputs = {name: values[None] for name, values in encoder.inputs(tokens[start:stop]).items()}
        tags += np.asarray(run(inputs)["tags"])[0, first - start : last - start].tolist()
    return tags


def line(answer):
    """An answer as people read it: `person Angela Merkel; location Paris`."""
    return (
        "; ".join(f"{span['label']} {' '.join(span['text'].split())}" for span in answer["spans"])
        or "nothing"
    )
