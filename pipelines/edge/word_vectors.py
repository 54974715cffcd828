"""The device half of `word_vectors`: words in, the words that are nearest to each out."""

import os
from collections.abc import Callable

import numpy as np

from . import plain_text, terms, words

PROGRAM = "nearest"  # of every file: one word -> its vector, and the words nearest to it
NEAREST = 10  # words that are shown
MOST = 100  # words of a text that are looked up


def predict(
    source: str | os.PathLike | bytes, run: Callable[..., dict], manifest: dict
) -> tuple[dict, dict]:
    """Text, or a file or bytes of it -> ({"words": [{"word", "nearest": [[word, cosine]],
    "vector"}], "unknown": [word]}, {}), each different word once, in the order of the text.

    run: {"words": int32 (1, 1)}, "nearest" -> {"vector": (1, D), "nearest": ids (1, K),
    "similarity": (1, K)}. Raises ValueError if no word of it has a vector.
    """
    names = manifest["learned"]["words"]
    ids = words.ids(names)
    given = list(dict.fromkeys(terms.items(plain_text.read(source), terms.WORDS)))[:MOST]
    found = [_looked_up(word, ids[word], run, names) for word in given if word in ids]
    unknown = [word for word in given if word not in ids]
    if not found:
        told = ", ".join(repr(word) for word in unknown[:3])
        raise ValueError(f"{told} has no vector here" if told else "there is no word in it")
    return {"words": found, "unknown": unknown}, {}


def _looked_up(word: str, number: int, run: Callable[..., dict], names: list[str]) -> dict:
    answer = run({"words": np.array([[number]], np.int32)}, PROGRAM)
    ids, cosines = (np.ravel(answer[name]).tolist() for name in ("nearest", "similarity"))
    near = [(int(i), cosine) for i, cosine in zip(ids, cosines, strict=True) if i != number]
    return {
        "word": word,
        "nearest": [[names[i - words.FIRST], cosine] for i, cosine in near[:NEAREST]],
        "vector": np.ravel(answer["vector"]).tolist(),
    }


def line(answer: dict) -> str:
    """An answer as people read it: `king: queen 0.81, prince 0.78`."""
    told = []
    for item in answer["words"]:
        near = ", ".join(f"{word} {cosine:.2f}" for word, cosine in item["nearest"])
        told.append(f"{item['word']}: {near}")
    if answer["unknown"]:
        told.append(f"no vector: {', '.join(answer['unknown'])}")
    return "; ".join(told)
