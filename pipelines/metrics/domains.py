"""Classification judged in the target domain, with the source beside it."""

import keras
import numpy as np
from keras import ops

from pipelines.metrics.classification import Classification


class Domains(keras.metrics.Metric):
    """`accuracy` and all else of `Classification` on labelled target examples, and
    `source_accuracy`.

    Where no target example has a label, all of it is the source's. `target_labelled` and
    `target_unlabelled` count the target's examples, so that the two cases can be told apart.

    targets: {"label": (B, C) one-hot, 0 where there is no label, "domain": (B,), 0 for source};
        decoded:
    {"probabilities": (B, C)}.
    """

    def __init__(self, classes, name="domains", **kwargs):
        super().__init__(name=name, **kwargs)
        self.each, self.counts = (
            [Classification(classes, name=f"domain{i}") for i in (0, 1)],
            np.zeros((2, 2)),
        )

    def update_state(self, targets, decoded, sample_weight=None):
        domain = ops.convert_to_numpy(targets["domain"])
        label, probabilities = (
            ops.convert_to_numpy(v) for v in (targets["label"], decoded["probabilities"])
        )
        labelled = label.any(-1)
        for i, metric in enumerate(self.each):
            rows = (domain == i) & labelled
            self.counts[i] += rows.sum(), ((domain == i) & ~labelled).sum()
            if rows.any():
                metric.update_state(label[rows], {"probabilities": probabilities[rows]})

    def result(self):
        source, target = (metric.result() for metric in self.each)
        judged = target if self.counts[1, 0] else source
        labelled, unlabelled = self.counts[1]
        counts = {"target_labelled": labelled, "target_unlabelled": unlabelled}
        return {
            "accuracy": judged["accuracy"],
            "source_accuracy": source["accuracy"],
            **judged,
            **counts,
        }

    def reset_state(self):
        self.counts[:] = 0
        for metric in self.each:
            metric.reset_state()
