"""What is wrong with the boxes found in one picture, box by box, for people who look at it."""

import keras
import numpy as np

from pipelines.metrics import Tensor
from pipelines.ops import boxes as box_ops

FOUND, NEAR = 0.5, 0.1  # IoU: Bolya et al. 2020 (TIDE), arXiv:2008.08115, section 2.2
KINDS = ("badly placed", "wrong class", "twice", "false")


def errors(
    truth: Tensor, labels: Tensor, found: Tensor, classes: Tensor
) -> tuple[list[str], list[int]]:
    """(what each found box is: "" or one of KINDS, indices of the true ones that are missed).

    truth: boxes (N, 4); labels: int (N,); found: boxes (K, 4), the best first; classes: int (K,).
    A box is right ("") if it has the class of a true box that no better one has, and an IoU of 0.5
    or more; "twice" if a better one has it; "wrong class" if only the class is another; "badly
    placed" if the IoU is 0.1 or more, and else "false". A true box is missed if it is neither found
    nor explains what was badly placed or of the wrong class.
    """
    truth, found = (np.asarray(boxes, np.float32).reshape(-1, 4) for boxes in (truth, found))
    if not len(truth) or not len(found):
        return ["false"] * len(found), list(range(len(truth)))
    same = np.asarray(classes).reshape(-1, 1) == np.asarray(labels).reshape(1, -1)
    overlap = keras.ops.convert_to_numpy(box_ops.iou(found, truth))
    right = _right(overlap, same)
    covered = set(right.values())
    kinds = [""] * len(found)
    for j in range(len(found)):
        if j not in right:
            kinds[j], explaining = _explain(overlap[j], same[j])
            covered.update(explaining)
    return kinds, [i for i in range(len(truth)) if i not in covered]


def _right(overlap: np.ndarray, same: np.ndarray) -> dict[int, int]:
    """{found box: true box}; each true box goes to the best that fits. overlap, same: (K, N)."""
    free = np.where(same, overlap, 0.0)
    right = {}
    for j in range(len(free)):
        i = int(free[j].argmax())
        if free[j, i] >= FOUND:
            right[j] = i
            free[:, i] = 0.0
    return right


def _explain(overlap: np.ndarray, same: np.ndarray) -> tuple[str, list[int]]:
    """(one of KINDS, the true boxes that a wrong box may have meant). overlap, same: (N,)."""
    near = np.flatnonzero(same & (overlap >= NEAR)).tolist()
    other = np.flatnonzero(~same & (overlap >= FOUND)).tolist()
    if near:
        return ("twice" if overlap[near].max() >= FOUND else "badly placed"), near
    return ("wrong class", other) if other else ("false", [])
