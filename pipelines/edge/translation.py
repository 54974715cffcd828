"""The device half of `translation`: a text in one language in, the same in another one out."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import heat, plain_text, sampling, text_ids
from .options import Option, checked

OPTIONS = (
    Option("beam", 4, "beginnings that beam search keeps; 1 takes the likeliest item", 1, 64),
    Option(
        "length_penalty", 1.0,
        "how much longer translations are preferred: 0 not at all, 1 by the mean of an item", 0, 2,
    ),
)  # fmt: skip
MOST = 20_000  # words of a text that is translated in one go
END = re.compile(r"(?<=[.!?…。！？])([\"'»”’)\]]*)\s+")  # of a sentence, and the space behind it
STRANGE = 0.5  # of the letters: above it, a text is in no language that was learned
Run = Callable[..., dict]


def predict(
    source: str | os.PathLike | bytes,
    run: Run,
    manifest: dict,
    options: Mapping[str, Any] | None = None,
    tell: Callable[[str], object] | None = None,
) -> tuple[dict, dict]:
    """Text, or a file or bytes of it -> ({"text", "translation", "sentences", "unknown"}, pictures).

    It is translated sentence by sentence; line breaks stay. sentences: [{"source", "target",
    "score"}], the score being the mean natural logarithm of the probability of an item. unknown:
    the share of letters that training never had in a source; of more than half of them there is
    a "doubt", too. pictures: `attention` of the first sentence, if the net has any. run: the
    programs `encode` and `step`. Raises ValueError if there is no text, or too much.
    """
    chosen = checked(OPTIONS, options or {})
    text = plain_text.read(source).replace("\r\n", "\n")
    count = len(text.split())
    if not count:
        raise ValueError("there is no text in it")
    if count > MOST:
        raise ValueError(
            f"has {count:,} words, and {MOST:,} are translated in one go. Part it into several files"
        )
    config, learned = manifest["config"], manifest["learned"]
    model = Model(run, config, learned)
    lines, found, pictures = [], [], {}
    for line in text.strip().split("\n"):
        parts = []
        for sentence in sentences(line, model):
            target, score, seen = model.translated(sentence, **chosen)
            found.append({"source": sentence, "target": target, "score": score})
            parts.append(target)
            if seen is not None and not pictures:
                pictures["attention"] = heat.drawn(*seen)
        lines.append(" ".join(parts))
        if tell:
            tell(lines[-1] + "\n")
    unknown = strange(text, learned["letters"])
    answer = {"text": text, "translation": "\n".join(lines), "sentences": found}
    answer["unknown"] = unknown
    if unknown > STRANGE:
        answer["doubt"] = f"{unknown:.0%} of its letters were never in a {config['source']} text"
    return answer, pictures


def line(answer: dict) -> str:
    """An answer as people read it: the translation, and what speaks against it."""
    doubt = f"  ({answer['doubt']})" if "doubt" in answer else ""
    return answer["translation"] + doubt


def strange(text: str, letters: Sequence[str]) -> float:
    """The share of a text's letters that are not among `letters`; 0 if it has none."""
    own = [letter for letter in text.lower() if letter.isalpha()]
    known = set(letters)
    return sum(letter not in known for letter in own) / max(1, len(own))


def sentences(line: str, model: "Model") -> Iterator[str]:
    """The sentences of a line, and parts of those that are too long, between words."""
    for sentence in filter(None, map(str.strip, END.sub(r"\1\n", line).split("\n"))):
        part: list[str] = []
        for word in sentence.split():
            if part and model.size(" ".join([*part, word])) > model.room:
                yield " ".join(part)
                part = []
            part.append(word)
        yield " ".join(part)


class Model:
    """The programs of one file, and the items that they read and write.

    config: the device's, with `length`, items of a source and of a target at most.
    """

    def __init__(self, run: Run, config: Mapping[str, Any], learned: Mapping[str, Sequence[str]]):
        self._run, self.room = run, config["length"]
        self._looks = config["looks"]
        self._known = text_ids.opened(text_ids.PAIRS, learned)

    def size(self, text: str) -> int:
        """How many items a text has."""
        return len(self._known.ids(text))

    def translated(
        self, text: str, beam: int = 1, length_penalty: float = 0.0
    ) -> tuple[str, float, tuple | None]:
        """A sentence -> (its translation, score, (weights, pieces of both) or None)."""
        given = np.zeros((1, self.room), np.int32)
        own = self._known.ids(text)[: self.room]
        given[0, : len(own)] = own
        ids, score, weights = written(self._run, given, self.room, beam, length_penalty)
        target = "".join(self._known.pieces(ids, is_first=True)).strip()
        if not self._looks or not len(weights):
            return target, score, None
        pieces = [[self._piece(i) for i in items] for items in (own, ids)]
        return target, score, (weights[:, : len(own)], *pieces)

    def _piece(self, i: int) -> str:
        return "".join(self._known.pieces([i], is_first=True)).strip()


def written(
    run: Run, source: np.ndarray, room: int, beam: int = 1, penalty: float = 0.0
) -> tuple[list[int], float, np.ndarray]:
    """Ids of a source (1, S) -> (ids of the target, mean log probability, attention (T, S)).

    A beam of 1 takes the likeliest id each time. Otherwise the translations that have ended are
    compared by their log probability, divided by their length to the power of `penalty` (Wu et al.
    2016, arXiv:1609.08144, section 7, with a plain length).
    """
    read = dict(run({"source": source}, "encode"))
    state = read.pop("state")
    beams: list[tuple] = [(0.0, [], state, [])]  # (log probability, ids, state, attention)
    ended: list[tuple] = []
    for _ in range(room):
        found = []
        for total, ids, own, seen in beams:
            last = np.array([[ids[-1] if ids else text_ids.END]], np.int32)
            after = run({"ids": last, "state": own, **read}, "step")
            scores = sampling.log_probabilities(np.asarray(after["logits"])[0])
            scores[text_ids.UNKNOWN] = -np.inf
            looked = [*seen, np.asarray(after["attention"])[0]]
            for i in np.argsort(-scores, kind="stable")[:beam].tolist():
                found.append((total + float(scores[i]), [*ids, i], after["state"], looked))
        found.sort(key=lambda item: -item[0])
        beams = []
        for item in found[:beam]:
            (ended if item[1][-1] == text_ids.END else beams).append(item)
        if not beams or len(ended) >= beam:
            break

    def value(item: tuple) -> float:
        return item[0] / len(item[1]) ** penalty

    total, ids, _, seen = max(ended or beams, key=value)
    mean = total / max(1, len(ids))
    if ids and ids[-1] == text_ids.END:
        ids, seen = ids[:-1], seen[:-1]
    return ids, mean, np.array(seen) if ids else np.zeros((0, source.shape[1]))
