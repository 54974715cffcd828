"""Exact match and F1 of answers found in passages, the best of a question's windows taken."""

import types
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors, squad
from pipelines.metrics.entities import word


class Answers(keras.metrics.Metric):
    """`f1` and `exact_match`, in [0, 1]; with questions that have no answer, of either kind, too.

    targets: {"question": its number (B,), "text": code points of the window (B, C), "begins",
        "ends": (B, P), where the word of each piece begins and ends in them, "answers": code points
        of the right ones (B, A), a line each}. decoded: {"start", "end": pieces (B,), "score":
        (B,)}. Of a question's windows the one with the largest score counts.

    no_answer: whether a score below 0 says that there is none. Then `f1_answerable` is F1 on
    questions with an answer, and `none_found` the share of the others that get none.
    """

    def __init__(self, no_answer: bool = False, name: str = "answers", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.no_answer = no_answer
        self.reset_state()

    def reset_state(self) -> None:
        # Keras would follow every list of a dict that it sees
        self._kept = types.SimpleNamespace(questions={})

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        targets = {name: keras.ops.convert_to_numpy(values) for name, values in targets.items()}
        decoded = {name: keras.ops.convert_to_numpy(values) for name, values in decoded.items()}
        for i, number in enumerate(targets["question"].tolist()):
            score = float(decoded["score"][i])
            known = self._kept.questions.get(number)
            if known is None or score > known[0]:
                own = {name: values[i] for name, values in targets.items()}
                text = found(own, int(decoded["start"][i]), int(decoded["end"][i]))
                self._kept.questions[number] = (score, text, right(own["answers"]))

    def gains(self) -> tuple[np.ndarray, np.ndarray]:
        """(score, F1 of the answer less F1 of none) of each question, (N,) each."""
        kept = self._kept.questions.values()
        gains = [squad.scores(text, own)[1] - squad.scores("", own)[1] for _, text, own in kept]
        return np.array([score for score, _, _ in kept]), np.array(gains)

    def result(self) -> dict:
        judged, answerable = [], []
        for score, text, answers in self._kept.questions.values():
            given = "" if self.no_answer and score < 0 else text
            judged.append(squad.scores(given, answers))
            answerable.append(bool(answers))
        exact, f1 = np.array(judged, np.float64).reshape(-1, 2).T
        result = {"f1": _mean(f1), "exact_match": _mean(exact)}
        if self.no_answer:
            has = np.array(answerable, bool)
            result |= {"f1_answerable": _mean(f1[has]), "none_found": _mean(f1[~has])}
        return result


def found(targets: dict[str, np.ndarray], start: int, end: int) -> str:
    """The text from piece `start` to `end`, of the targets of one window."""
    first, stop = int(targets["begins"][start]), int(targets["ends"][end])
    return word(targets["text"][first:stop])


def right(letters: np.ndarray) -> list[str]:
    """The right answers, of their code points."""
    return list(filter(None, word(letters).split("\n")))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
