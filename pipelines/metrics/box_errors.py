"""What is wrong with the boxes found in one picture, box by box, for people who look at it."""

import keras
import numpy as np

from pipelines.ops import boxes as box_ops

FOUND, NEAR = 0.5, 0.1  # IoU: Bolya et al. 2020 (TIDE), arXiv:2008.08115, section 2.2
KINDS = ("badly placed", "wrong class", "twice", "false")


def errors(truth, labels, found, classes):
    """(what each found box is, which true ones are missed) -> (list of "" or one of KINDS, list of
    indices).

    truth: boxes (N, 4); labels: int (N,); found: boxes (K, 4), the best first; classes: int (K,). A
    box is right ("") where it has the class of a true box that no better one has, and an IoU of 0.5
    or more; "twice" where a better one has it; "wrong class" where only the class is another;
    "badly placed" where the IoU is 0.1 or more, and else "false". A true box is missed where it is
    neither found nor explains what was badly placed or of the wrong class.
    """
    truth, found = (np.asarray(boxes, np.float32).reshape(-1, 4) for boxes in (truth, found))
    same = np.asarray(classes).reshape(-1, 1) == np.asarray(labels).reshape(1, -1)
    overlap = (
        keras.ops.convert_to_numpy(box_ops.iou(found, truth)) if same.size else np.zeros(same.shape)
    )
    kinds, covered = ["false"] * len(found), set()
    for j in range(len(found)):
        free = [i for i in np.flatnonzero(same[j] & (overlap[j] >= FOUND)) if i not in covered]
        if free:
            covered.add(max(free, key=lambda i: overlap[j, i]))
            kinds[j] = ""
    right = frozenset(covered)
    for j in range(len(found)):
        if kinds[j]:
            near = np.flatnonzero(same[j] & (overlap[j] >= NEAR))
            other = np.flatnonzero(~same[j] & (overlap[j] >= FOUND))
            if any(overlap[j, i] >= FOUND for i in near):
                kinds[j] = "twice"
            elif len(near):
                kinds[j] = "badly placed"
            elif len(other):
                kinds[j] = "wrong class"
            explains = near if len(near) else other
            covered |= {i for i in explains if i not in right}
    return kinds, [i for i in range(len(truth)) if i not in covered]
