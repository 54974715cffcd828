"""Classification judged in the target domain, with the source beside it."""

import keras
from keras import ops

from pipelines.metrics.classification import Classification


class Domains(keras.metrics.Metric):
    """`accuracy` and all else of `Classification` on target examples, and `source_accuracy`.

    targets: {"label": (B, C) one-hot, "domain": (B,), 0 for source}; decoded: {"probabilities": (B, C)}.
    """

    def __init__(self, classes, name="domains", **kwargs):
        super().__init__(name=name, **kwargs)
        self.each = [Classification(classes, name=f"domain{i}") for i in (0, 1)]

    def update_state(self, targets, decoded, sample_weight=None):
        domain = ops.convert_to_numpy(targets["domain"])
        label, probabilities = (ops.convert_to_numpy(v) for v in (targets["label"], decoded["probabilities"]))
        for i, metric in enumerate(self.each):
            if (domain == i).any():
                metric.update_state(label[domain == i], {"probabilities": probabilities[domain == i]})

    def result(self):
        source, target = (metric.result() for metric in self.each)
        return {"accuracy": target["accuracy"], "source_accuracy": source["accuracy"], **target}

    def reset_state(self):
        for metric in self.each:
            metric.reset_state()
