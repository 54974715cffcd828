"""What another threshold than one half would do to a mask of two classes."""

from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors
from pipelines.metrics.segmentation import ids

BINS = 100


class ThresholdCurve(keras.metrics.Metric):
    """The second class's IoU by threshold on its probability, a curve, and the best threshold.

    targets: as of `Segmentation`; decoded: {"probabilities": (B, H, W, 2)}. A pixel belongs to the
    class if its probability is at least the threshold, one of 0.01 to 0.99.
    """

    def __init__(self, name: str = "threshold", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.reset_state()

    def reset_state(self) -> None:
        self.counts = np.zeros((2, BINS), np.int64)  # true class, floor(100 p)

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        truth = ids(targets)
        p = keras.ops.convert_to_numpy(decoded["probabilities"])[..., 1]
        counted = truth < 2
        bins = np.clip(np.floor(p[counted] * BINS + 1e-5), 0, BINS - 1).astype(np.int64)
        counts = np.bincount(truth[counted] * BINS + bins, minlength=2 * BINS)
        self.counts += counts.reshape(2, BINS)

    def result(self) -> dict:
        # Pixels of each class at the thresholds 0.01 ... 0.99.
        above = self.counts[:, ::-1].cumsum(1)[:, ::-1][:, 1:]
        union = self.counts[1].sum() + above[0]
        iou = above[1] / np.maximum(union, 1)
        thresholds = np.arange(1, BINS) / BINS
        curve = {
            "x": thresholds.tolist(),
            "y": iou.tolist(),
            "x_label": "threshold",
            "y_label": "IoU",
            "diagonal": False,
        }
        best = int(iou.argmax())
        return {
            "best_threshold": thresholds[best],
            "best_threshold_iou": iou[best],
            "curves": {"threshold": curve},
        }
