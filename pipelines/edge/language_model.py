"""The device half of `language_model`: text in, how probable it is and what may come next out."""

import os
from collections.abc import Callable

import numpy as np

from . import ngram, plain_text

FILES = ("plain_text", "ngram")  # the files that this one needs next to it
SHOWN = 5  # characters that may come next


def predict(
    source: str | os.PathLike | bytes, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict]:
    """Text, or a file or bytes of it, -> ({"text", "perplexity", "bits_per_character", "next"}, {}).

    next: [{"text", "probability"}], the likeliest first. run: {"ids": int32 (1, T + n - 1)} ->
    {"log_likelihood": (1, T)}. Raises ValueError if the file is no UTF-8 text.
    """
    text = plain_text.read(source)
    characters = ngram.codes(manifest["learned"])
    order = manifest["config"]["order"]
    ids = ngram.ids(text, characters, order)[:-1]  # more may come: the end is not judged
    if len(ids) < order:
        raise ValueError("is empty. Give some text")
    values = run({"ids": np.array([ids], np.int32)})["log_likelihood"][0]
    mean = -float(values.mean())
    return {
        "text": text,
        "perplexity": float(np.exp(mean)),
        "bits_per_character": mean / float(np.log(2)),
        "next": _next(ids, run, characters, order),
    }, {}


def _next(
    ids: list[int], run: Callable[[dict], dict], characters: np.ndarray, order: int
) -> list[dict]:
    """What may come after `ids`, by asking for each character."""
    history = ids[len(ids) - order + 1 :] if order > 1 else []
    rows = [[*history, i] for i in range(ngram.FIRST, ngram.FIRST + len(characters))]
    likely = np.exp(run({"ids": np.array(rows, np.int32)})["log_likelihood"][:, -1])
    best = np.argsort(-likely)[:SHOWN]
    return [{"text": chr(characters[i]), "probability": float(likely[i])} for i in best]


def line(answer: dict) -> str:
    """An answer as people read it: `perplexity 4.2; next e 0.61, a 0.20`."""
    following = ", ".join(f"{item['text']!r} {item['probability']:.2f}" for item in answer["next"])
    return f"perplexity {answer['perplexity']:.2f}; next {following}"
