"""The device half of `aspect_sentiment`: text in, its aspects and what is said of each out."""

import os
from collections.abc import Callable

import numpy as np

from . import given_aspects, plain_text, tagging


def predict(
    source: str | os.PathLike | bytes, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict]:
    """Text -> ({"text": str, "aspects": [{"start", "end", "polarity", "text"}]}, {}).

    source: text, or a file or bytes of it; each line is a sentence. start, end: characters of the
    text, end exclusive. A model that judges given aspects takes them marked, as in `the [[battery
    life]] is great`; its answer has the text without marks, and `probabilities` of each aspect.
    Raises ValueError if the file is no UTF-8 text, or if such a model gets no mark.
    """
    if manifest["config"].get("given"):
        return _judged(plain_text.read(source), run, manifest), {}
    answer, pictures = tagging.predict(source, run, manifest)
    aspects = [_as_aspect(span) for span in answer["spans"]]
    return {"text": answer["text"], "aspects": aspects}, pictures


def line(answer: dict) -> str:
    """An answer as people read it: `battery life positive; screen negative`."""
    aspects = answer["aspects"]
    told = [f"{' '.join(one['text'].split())} {one['polarity']}" for one in aspects]
    return "; ".join(told) or "no aspect"


def _as_aspect(span: dict) -> dict:
    place = {name: span[name] for name in ("start", "end")}
    return {**place, "polarity": span["label"], "text": span["text"]}


def _judged(text: str, run: Callable[[dict], dict], manifest: dict) -> dict:
    """The answer for aspects that are marked."""
    encoder = given_aspects.encoder(manifest["config"], manifest["learned"])
    plain, places = given_aspects.parted(text)
    found = []
    for start, end in places:
        inputs = encoder.inputs(*given_aspects.sentence(plain, start, end))
        outputs = run({name: values[None] for name, values in inputs.items()})
        shares = np.asarray(outputs["probabilities"])[0].astype(float)
        probabilities = dict(zip(manifest["labels"], shares.tolist(), strict=True))
        polarity = max(probabilities, key=probabilities.__getitem__)
        own = {"start": start, "end": end, "polarity": polarity, "text": plain[start:end]}
        found.append({**own, "probabilities": probabilities})
    return {"text": plain, "aspects": found}
