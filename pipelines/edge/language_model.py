"""The device half of `language_model`: text in, how probable it is and what may come next out."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import continuing, ngram, plain_text, readers, sampling, text_ids
from .options import checked

OPTIONS = continuing.OPTIONS
SHOWN = 5  # items that may come next


def predict(
    source: str | os.PathLike | bytes,
    run: Callable[..., dict],
    manifest: dict,
    options: Mapping[str, Any] | None = None,
    tell: Callable[[str], object] | None = None,
) -> tuple[dict, dict]:
    """Text, or a file or bytes of it, -> ({"text", "perplexity", "bits_per_byte", "next"}, {}).

    next: [{"text", "probability"}], the likeliest first. With the option `length`, text is made
    after it, "generated", and `tell` is given the text and each piece as it comes. An empty text
    has no perplexity, None. run: of counts, {"ids": int32 (N, T + n - 1)} -> {"log_likelihood": (N,
    T)}; of a net, the programs score, prefill and step. Raises ValueError if the file is no UTF-8
    text, or if it is empty and nothing is made.
    """
    chosen = checked(OPTIONS, options or {})
    text = plain_text.read(source).replace("\r\n", "\n")
    text = text if chosen["length"] else text.strip()  # as training reads it
    model = opened(run, manifest)
    ids = model.known.ids(text)
    if not ids and not chosen["length"]:
        raise ValueError("is empty. Give some text, or make some with --length 200")
    prompt = [text_ids.END, *ids]
    answer = {"text": text, **_judged(text, ids, model), "next": _next(prompt, model)}
    if chosen["length"]:
        parts = []
        if tell:
            tell(text)
        reader, is_open = model.reader(), continuing.is_open(text)
        for part in continuing.made(reader, prompt, model.known, model.never, chosen, is_open):
            parts.append(part)
            if tell:
                tell(part)
        answer["generated"] = "".join(parts)
    return answer, {}


class Counted:
    """A model of counted n-grams."""

    def __init__(self, run: Callable[..., dict], manifest: Mapping):
        self._run, self._order = run, manifest["config"]["order"]
        self.known = text_ids.opened(manifest["config"]["units"], manifest["learned"])
        self.never = (text_ids.END, text_ids.UNKNOWN)

    def reader(self) -> readers.Counts:
        return readers.Counts(self._run, self._order, len(self.known))

    def log_likelihood(self, ids: Sequence[int]) -> np.ndarray:
        """Of each id after those before it, (N,)."""
        given = np.array([[*[ngram.START] * (self._order - 1), *ids]], np.int32)
        return np.asarray(self._run({"ids": given})["log_likelihood"])[0]


class Learned:
    """A net."""

    def __init__(self, run: Callable[..., dict], manifest: Mapping):
        self._run, self._config = run, manifest["config"]
        self.known = text_ids.opened(self._config["units"], manifest["learned"])
        self.never = (text_ids.UNKNOWN,)

    def reader(self) -> readers.Net:
        return readers.Net(self._run, self._config)

    def log_likelihood(self, ids: Sequence[int]) -> np.ndarray:
        """Of each id after those before it, (N,), window by window, as training judges them."""
        length, overlap = self._config["length"], self._config["overlap"]
        known, found = np.array([text_ids.END, *ids], np.int32), []
        for start, first, stop in text_ids.windows(len(ids), length, overlap):
            row = np.full((1, overlap + length + 1), -1, np.int32)
            row[0, : stop - start] = known[start:stop]
            values = np.asarray(self._run({"ids": row}, "score")["log_likelihood"])[0]
            found.append(values[first - start - 1 : stop - start - 1])
        return np.concatenate(found)


def opened(run: Callable[..., dict], manifest: Mapping) -> Counted | Learned:
    """The model that a manifest describes."""
    return (Learned if "chunk" in manifest["config"] else Counted)(run, manifest)


def _judged(text: str, ids: Sequence[int], model: Counted | Learned) -> dict:
    if not ids:
        return {"perplexity": None, "bits_per_byte": None}
    total = -float(model.log_likelihood(ids).sum(dtype=float))
    size = sum(model.known.sizes(text)[:-1])  # more may come: the end is not judged
    return {
        "perplexity": float(np.exp(min(total / len(ids), 700))),
        "bits_per_byte": total / float(np.log(2)) / size,
    }


def _next(prompt: Sequence[int], model: Counted | Learned) -> list[dict]:
    """What may come next."""
    scores = sampling.log_probabilities(model.reader().read(prompt))
    scores[text_ids.UNKNOWN] = -np.inf
    best = np.argsort(-scores, kind="stable")[:SHOWN].tolist()
    likely = [(next(iter(model.known.pieces([i], is_first=True))), scores[i]) for i in best]
    return [{"text": text, "probability": float(np.exp(score))} for text, score in likely]


def line(answer: dict) -> str:
    """An answer as people read it: `perplexity 4.2; next e 0.61, a 0.20`, or the text that was
    made."""
    if "generated" in answer:
        return answer["text"] + answer["generated"]
    following = ", ".join(f"{item['text']!r} {item['probability']:.2f}" for item in answer["next"])
    return f"perplexity {answer['perplexity']:.2f}; next {following}"
