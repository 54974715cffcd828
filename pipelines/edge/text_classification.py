"""The device half of `text_classification`: plain text in, a label out."""

import os
from collections.abc import Callable, Sequence

import numpy as np

from . import classification, plain_text, wordpiece

FILES = ("classification", "plain_text", "wordpiece")


def encoded(pieces: Sequence[int], length: int, ends: tuple[int, int]) -> np.ndarray:
    """Ids of a text's pieces -> int32 (length,): between the two of `ends`, cut, zeros behind."""
    ids = [ends[0], *pieces[: length - 2], ends[1]]
    return np.array(ids + [0] * (length - len(ids)), np.int32)


def predict(
    source: str | os.PathLike | bytes, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict]:
    """Text, or a file or bytes of it -> (the answer of `classification` with "unread", {}).

    All of it is one text. unread: share of its word pieces that were more than the model takes, and
        cut off at the end.
    run: {"pieces": int32 (1, T)} -> {"probabilities": (1, C)}. Raises ValueError if there is no
        text, or no UTF-8.
    """
    text = plain_text.read(source)
    length = manifest["inputs"]["pieces"]["shape"][1] or manifest["config"]["max_length"]
    words = wordpiece.WordPiece(manifest["learned"]["pieces"])
    pieces = words.text(text)
    if not pieces:
        raise ValueError("there is no text in it")
    given = encoded(pieces, length, (words.start, words.end))
    probabilities = np.asarray(run({"pieces": given[None]})["probabilities"])[0]
    unread = max(0, len(pieces) - (length - 2)) / len(pieces)
    return {**classification.ranked(probabilities, manifest["labels"]), "unread": unread}, {}


def line(answer: dict) -> str:
    """An answer as people read it: `spam 0.93  (ham 0.07)`."""
    cut = f"  (the last {answer['unread']:.0%} was not read)" if answer["unread"] else ""
    return classification.line(answer) + cut
