"""The device half of `language_model`: text in, how probable it is and what may come next out."""

import os
from collections.abc import Callable

import numpy as np

from . import ngram, plain_text

FILES = ("plain_text", "ngram", "words")  # the files that this one needs next to it
SHOWN = 5  # items that may come next


def predict(
    source: str | os.PathLike | bytes, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict]:
    """Text, or a file or bytes of it, -> ({"text", "perplexity", "bits_per_byte", "next"}, {}).

    next: [{"text", "probability"}], the likeliest first. run: {"ids": int32 (1, T + n - 1)} ->
    {"log_likelihood": (1, T)}. Raises ValueError if the file is no UTF-8 text.
    """
    text = plain_text.read(source).replace("\r\n", "\n").strip()  # as training reads it
    order, units = manifest["config"]["order"], manifest["config"]["units"]
    known = ngram.Vocabulary(units, manifest["learned"]["items"])
    ids = known.ids(text, order)[:-1]  # more may come: the end is not judged
    if len(ids) < order:
        raise ValueError("is empty. Give some text")
    total = -float(run({"ids": np.array([ids], np.int32)})["log_likelihood"][0].sum(dtype=float))
    size = sum(ngram.sizes(text, units)[:-1])
    return {
        "text": text,
        "perplexity": float(np.exp(total / (len(ids) - order + 1))),
        "bits_per_byte": total / float(np.log(2)) / size,
        "next": _next(ids, run, known, order),
    }, {}


def _next(
    ids: list[int], run: Callable[[dict], dict], known: ngram.Vocabulary, order: int
) -> list[dict]:
    """What may come after `ids`, by asking for each item."""
    history = ids[len(ids) - order + 1 :] if order > 1 else []
    rows = [[*history, i] for i in range(ngram.FIRST, len(known))]
    likely = np.exp(run({"ids": np.array(rows, np.int32)})["log_likelihood"][:, -1])
    best = np.argsort(-likely)[:SHOWN] + ngram.FIRST
    return [{"text": known.text([i]), "probability": float(likely[i - ngram.FIRST])} for i in best]


def line(answer: dict) -> str:
    """An answer as people read it: `perplexity 4.2; next e 0.61, a 0.20`."""
    following = ", ".join(f"{item['text']!r} {item['probability']:.2f}" for item in answer["next"])
    return f"perplexity {answer['perplexity']:.2f}; next {following}"
