"""How many objects the proposals of a detector cover, before any is judged."""

from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors
from pipelines.ops import boxes as box_ops

COUNTS = (50, 100, 300)  # best proposals of a picture
ENOUGH = 0.5  # IoU


class ProposalRecall(keras.metrics.Metric):
    """Proposals against boxes there -> {"proposal_recall_50", "_100", "_300"}, shares in [0, 1].

    targets: as `MeanAveragePrecision` takes them; proposals: (B, K, 4) yxyx, the best first, zeros
    behind the last. A true box is covered if one of the best 50, 100 or 300 has an IoU of 0.5 or
    more with it. Crowds do not count. Without a true box each recall is 0.
    """

    def __init__(self, name: str = "proposal_recall", **more: Any):
        super().__init__(name=name, **more)
        self.reset_state()

    def reset_state(self) -> None:
        self._there, self._covered = 0, np.zeros(len(COUNTS), np.int64)

    def update_state(
        self, targets: Tensors, proposals: Tensor, sample_weight: Tensor = None
    ) -> None:
        labels, crowd = np.asarray(targets["labels"]), np.asarray(targets["crowd"])
        is_object = (labels >= 0) & (crowd == 0)
        truth = np.asarray(targets["boxes"], np.float32)
        overlap = keras.ops.convert_to_numpy(box_ops.iou(truth, proposals))[is_object]
        self._there += len(overlap)
        for i, count in enumerate(COUNTS):
            best = overlap[:, :count].max(1, initial=0.0)
            self._covered[i] += int((best >= ENOUGH).sum())

    def result(self) -> dict[str, float]:
        shares = (self._covered / max(1, self._there)).tolist()
        return {f"{self.name}_{n}": share for n, share in zip(COUNTS, shares, strict=True)}
