"""The device half of `question_answering`: a passage and questions in, answers out."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import passages, plain_text
from .options import Option, checked

OPTIONS = (
    Option("question", (), "what is asked of the passage; may be repeated. Without it the last line"
           " of the input is the question"),
)  # fmt: skip
MOST = 2000  # windows of a passage; 100,000 words are about 1,200
STRANGE = 0.5  # share of unknown pieces above which the passage is in no language of the model
ALONE = (
    "there is a question, and no passage that holds the answer. Write the passage first, and the"
    " question in the last line"
)


def predict(
    source: str | os.PathLike | bytes,
    run: Callable[..., dict],
    manifest: dict,
    options: Mapping[str, Any] | None = None,
    tell: Callable[[str], object] | None = None,
) -> tuple[dict, dict]:
    """A passage, or a file or bytes of it -> ({"passage", "answers"}, {}).

    answers: [{"question", "answer", "start", "end", "score"}], start and end in characters of the
    passage, end exclusive. If the model says that the passage has no answer, "answer" is "" and
    start and end are None. score: log odds of the answer against none. unknown: share of the
    passage's pieces that the model does not know, if it is large. Without the option `question` the
    last line is the question. Raises ValueError if there is no passage or no question.
    """
    asked = checked(OPTIONS, options or {})["question"]
    passage, questions = parted(plain_text.read(source), asked)
    reader = opened(manifest)
    answers = [{"question": own, **reader.answer(own, passage, run)} for own in questions]
    strange = reader.unknown(passage)
    return {
        "passage": passage,
        "answers": answers,
        **({"unknown": strange} if strange > STRANGE else {}),
    }, {}


def parted(text: str, asked: Sequence[str] = ()) -> tuple[str, list[str]]:
    """(passage, questions) of an input; without questions its last line is one."""
    passage, questions = text.strip(), [question.strip() for question in asked]
    if not asked:
        passage, _, last = passage.rpartition("\n")
        passage, questions = passage.strip(), [last.strip()]
    if not any(questions):
        raise ValueError("there is no question. Write it in the last line, behind the passage")
    if not passage:
        raise ValueError(ALONE)
    return passage, questions


class Spans:
    """Reads a passage window by window; the best span of all windows is the answer."""

    def __init__(self, manifest: Mapping):
        self._config = manifest["config"]
        self._encoder = passages.Encoder(self._config, manifest["learned"])
        self.unknown = self._encoder.unknown

    def answer(self, question: str, passage: str, run: Callable[..., dict]) -> dict:
        """{"answer", "start", "end", "score"} of one question."""
        windows, found = self._encoder.windows(question, passage), []
        if len(windows) > MOST:
            raise ValueError(f"the passage is longer than {MOST:,} windows of the model. Split it")
        for window in windows:
            outputs = run({name: values[None] for name, values in window.inputs.items()})
            start, end, score = (np.asarray(outputs[name])[0] for name in ("start", "end", "score"))
            found.append((float(score), int(window.begins[start]), int(window.ends[end])))
        score, start, end = max(found, key=lambda one: one[0])
        if self._config["no_answer"] and score < 0:
            return {"answer": "", "start": None, "end": None, "score": score}
        return {"answer": passage[start:end], "start": start, "end": end, "score": score}


def opened(manifest: Mapping) -> Spans:
    """What answers questions by the programs of a bundle."""
    return Spans(manifest)


def line(answer: dict) -> str:
    """An answer as people read it: `in 1843`; several with their questions before them."""
    several = len(answer["answers"]) > 1
    told = [_told(own, several) for own in answer["answers"]]
    strange = answer.get("unknown")
    note = f"  ({strange:.0%} of the passage is unknown to the model)" if strange else ""
    return "; ".join(told) + note


def _told(own: dict, several: bool) -> str:
    text = " ".join(own["answer"].split()) or "no answer"
    return f"{own['question']} {text}" if several else text
