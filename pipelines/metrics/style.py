"""How far pictures in a style are from the style, and from what they show."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors

Judge = Callable[[Any, Any], Mapping[str, Tensor]]


class StyleLosses(keras.metrics.Metric):
    """Means over pictures of what `judge` says: `style_loss` and `content_loss`.

    judge: (pictures, what they show), both (B, S, S, 3) in [0, 1] -> {name: (B,)}.
    targets: {"image": uint8 (B, S, S, 3)}; decoded: {"image": (B, S, S, 3) in [0, 1]}.
    """

    def __init__(self, judge: Judge, name: str = "style", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.judge = judge
        self.reset_state()

    def reset_state(self) -> None:
        self.sums, self.count = {}, 0

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        shown = np.asarray(targets["image"], np.float32) / 255
        found = self.judge(np.asarray(decoded["image"], np.float32), shown)
        for name, values in found.items():
            total = float(keras.ops.convert_to_numpy(values).sum())
            self.sums[name] = self.sums.get(name, 0.0) + total
        self.count += len(shown)

    def result(self) -> dict:
        return {name: total / max(1, self.count) for name, total in self.sums.items()}
