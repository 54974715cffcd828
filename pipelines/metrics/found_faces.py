"""How many objects are found, and how many boxes are false, at the score from which boxes are
shown."""

from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors
from pipelines.ops import boxes as box_ops

ENOUGH = 0.4  # IoU: people draw boxes around faces differently, and an IoU of 0.5 asks for more


class FoundFaces(keras.metrics.Metric):
    """Boxes found against boxes there -> {"recall_iou40", "false_boxes"}.

    targets, decoded: as `MeanAveragePrecision` takes them. `recall_iou40`: share of the true boxes
    that a shown box has an IoU of 0.4 with, each shown box for one; `false_boxes`: shown boxes for
    none, a picture. Crowds count neither way. Without a true box the recall is 0.
    """

    def __init__(self, shown_score: float, name: str = "found_faces", **more: Any):
        super().__init__(name=name, **more)
        self.shown_score = shown_score
        self.reset_state()

    def reset_state(self) -> None:
        self._pictures = self._there = self._found = self._false = 0

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        targets, decoded = keras.tree.map_structure(np.asarray, (dict(targets), dict(decoded)))
        for i in range(len(targets["size"])):
            there = (targets["labels"][i] >= 0) & (targets["crowd"][i] == 0)
            shown = decoded["scores"][i] >= self.shown_score
            shown &= np.arange(len(shown)) < decoded["count"][i]
            truth, found = targets["boxes"][i][there], decoded["boxes"][i][shown]
            hits = _hits(truth, found)
            self._pictures += 1
            self._there += len(truth)
            self._found += hits
            self._false += len(found) - hits

    def result(self) -> dict[str, float]:
        return {
            "recall_iou40": self._found / max(1, self._there),
            "false_boxes": self._false / max(1, self._pictures),
        }


def _hits(truth: np.ndarray, found: np.ndarray) -> int:
    """How many true boxes (N, 4) have a found one (K, 4), the best first, of their own."""
    if not len(truth) or not len(found):
        return 0
    overlap = keras.ops.convert_to_numpy(box_ops.iou(np.float32(found), np.float32(truth))).copy()
    hits = 0
    for row in overlap:
        best = int(row.argmax())
        if row[best] >= ENOUGH:
            hits += 1
            overlap[:, best] = 0
    return hits
