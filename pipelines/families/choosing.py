"""The best of some values of a setting, by NDCG at 10 on the validation split."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from etils import epy

from pipelines.families import recommending

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.ops import ranking

BLOCK = 256  # users that are scored at a time


class Best(NamedTuple):
    """A value, what was found with it, and how it was chosen, for the line that says so."""

    value: Any
    arrays: Any
    reason: str


def best(
    source: Any,
    values: Sequence[Any],
    solve: Callable[[Any], Any],
    scores: Callable[[Any, np.ndarray], np.ndarray],
) -> Best:
    """Of `values`, in order, the one whose model ranks best; the first one if there is no
    validation.

    solve: value -> arrays. scores: (arrays, histories (B, I)) -> (B, I).
    """
    if len(values) == 1 or not source.parts().get("validation"):
        return Best(values[0], solve(values[0]), "")
    seen = recommending.matrix(source, "validation")
    truth = recommending.matrix(source, "validation", "truth")
    found, top = None, -1.0
    for value in values:
        arrays = solve(value)
        ndcg = judged(lambda rows, arrays=arrays: scores(arrays, rows), seen, truth)
        if ndcg > top:
            found, top = (value, arrays), ndcg
    reason = f", the best of {len(values)} on the validation split, NDCG {top:.4f} there"
    return Best(*found, reason)


def judged(scores: Callable[[np.ndarray], np.ndarray], seen: Any, truth: Any) -> float:
    """The mean NDCG at 10 of histories -> scores; seen, truth: sparse (users, I)."""
    users = []
    for start in range(0, seen.shape[0], BLOCK):
        rows = seen[start : start + BLOCK].toarray()
        wanted = truth[start : start + BLOCK].toarray()
        users.append(ranking.ndcg(scores(rows), rows, wanted))
    return float(np.concatenate(users).mean())


def linear(arrays: Sequence[np.ndarray], histories: np.ndarray) -> np.ndarray:
    """Histories through one matrix after the other."""
    for array in arrays:
        histories = histories @ array
    return histories
