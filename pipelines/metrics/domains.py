"""Classification judged in the target domain, compared with the source."""

from typing import Any

import keras
import numpy as np
from keras import ops

from pipelines.metrics import Tensor, Tensors
from pipelines.metrics.classification import Classification


class Domains(keras.metrics.Metric):
    """`source_accuracy`, and all of `Classification` on the target examples with a label.

    If no target example has one, all of it is of the source. `target_labelled` and
    `target_unlabelled` count the target's examples, so that the two cases can be told apart.

    targets: {"label": (B, C) one-hot, zeros without a label, "domain": (B,), 0 for source};
        decoded: {"probabilities": (B, C)}.
    """

    def __init__(self, classes: int, name: str = "domains", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.each = [Classification(classes, name=f"domain{i}") for i in (0, 1)]
        self.counts = np.zeros((2, 2))  # domain; labelled, unlabelled

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        domain = ops.convert_to_numpy(targets["domain"])
        label = ops.convert_to_numpy(targets["label"])
        probabilities = ops.convert_to_numpy(decoded["probabilities"])
        labelled = label.any(-1)
        for i, metric in enumerate(self.each):
            own = domain == i
            rows = own & labelled
            self.counts[i] += rows.sum(), (own & ~labelled).sum()
            if rows.any():
                metric.update_state(label[rows], {"probabilities": probabilities[rows]})

    def result(self) -> dict:
        source, target = (metric.result() for metric in self.each)
        judged = target if self.counts[1, 0] else source
        labelled, unlabelled = self.counts[1]
        return {
            "accuracy": judged["accuracy"],
            "source_accuracy": source["accuracy"],
            **judged,
            "target_labelled": labelled,
            "target_unlabelled": unlabelled,
        }

    def reset_state(self) -> None:
        self.counts[:] = 0
        for metric in self.each:
            metric.reset_state()
