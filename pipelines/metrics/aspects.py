"""How well aspects are found and judged: by place alone, by polarity where the place is right, both."""

import numpy as np

from pipelines.metrics.entities import ERRORS, Entities

KEPT = ("token_accuracy", "labels", "per_class", "matrices", *ERRORS)


class Aspects(Entities):
    """`joint_f1` over aspects of which place and polarity are right; `f1`, `precision` and `recall`
    of their places; `polarity_accuracy` of those whose place is right.

    Inputs as of `Entities`, whose types are the polarities. Joint F1 as in Li et al. 2019,
    arXiv:1811.05082, section 4.
    """

    def result(self) -> dict:
        found = super().result()
        return {"joint_f1": found["f1"], **of_places(found["matrices"]["spans"])} | {
            name: found[name] for name in KEPT
        }


def of_places(matrix: np.ndarray) -> dict[str, float]:
    """Scores of places, whatever their polarity.

    matrix: int (K + 1, K + 1), aspects by true and found polarity; last is what one side lacks.
    """
    both = matrix[:-1, :-1]
    right, true, found = both.sum(), matrix[:-1].sum(), matrix[:, :-1].sum()
    return {
        "f1": float(2 * right / max(1, true + found)),
        "precision": float(right / max(1, found)),
        "recall": float(right / max(1, true)),
        "polarity_accuracy": float(np.trace(both) / max(1, right)),
    }
