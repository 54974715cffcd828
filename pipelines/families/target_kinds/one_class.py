"""One class an example: softmax, cross-entropy, accuracy."""

import collections

from etils import epy

from pipelines.families.target_kinds.target import Caption, Target
from pipelines.formats.examples import UNLABELLED
from pipelines.task import Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines.losses import cross_entropy
    from pipelines.metrics import calibration, classification, top_k
    from pipelines.models import heads, temperature

LEAST = 1e-30  # of a probability whose logarithm is asked for


class OneClass(Target):
    """Targets (B, C) are one-hot or blended, outputs (B, C) logits."""

    scores = (
        Score("accuracy", counted=True),
        Score("macro_f1"),
        Score("macro_recall"),
        Score("macro_precision"),
        Score("top5_accuracy"),
        Score("calibration_error", "lower"),
    )

    def width(self, config):
        return len(config.labels)

    def loss(self, config):
        return cross_entropy.CrossEntropy(config.label_smoothing, config.class_weight_values)

    def trained(self, config):
        return [keras.metrics.CategoricalAccuracy("accuracy")]

    def parse(self, example, config):
        return tf.one_hot(example["label"], len(config.labels))

    def decode(self, outputs, config):
        """Logits (B, C) -> {"probabilities": (B, C)} that sum to one."""
        return {"probabilities": keras.ops.softmax(outputs)}

    def raw(self, decoded, config):
        """Logarithms, which softmax takes back."""
        return np.log(np.maximum(decoded["probabilities"], LEAST))

    def metrics(self, config):
        extra = [top_k.TopK(5)] if len(config.labels) > 10 else []
        return [
            classification.Classification(len(config.labels)),
            *extra,
            calibration.CalibrationError(),
        ]

    def floor(self, part, config):
        """The share of the most frequent class."""
        labels = [label for label in part.examples.columns["label"] if label != UNLABELLED]
        if not labels:
            return None
        return collections.Counter(map(int, labels)).most_common(1)[0][1] / len(labels)

    def truth(self, targets, config):
        return {"probabilities": targets}

    def caption(self, decoded, config, targets=None):
        probabilities = decoded["probabilities"]
        best = int(probabilities.argmax())
        found = f"{config.labels[best]} {probabilities[best]:.2f}"
        if targets is None:
            return Caption(found)
        true = int(targets.argmax())
        return Caption(found, f"{config.labels[true]} {targets[true]:.2f}", best == true)

    def calibrate(self, model, answers, config):
        """Scales the layer `logits` by a factor, which changes no label; see `models.temperature`."""
        logits, targets = (np.concatenate(parts) for parts in zip(*answers, strict=True))
        labels = targets.argmax(-1)
        factor = temperature.factor(logits, labels)
        layer = model.get_layer("logits")
        for weight in (layer.kernel, layer.bias):
            weight.assign(weight * factor)
        before, after = (temperature.log_loss(own, labels) for own in (logits, logits * factor))
        return {"factor": factor, "log_loss_before": before, "log_loss_after": after}

    def solve(self, layer, head, splits, config, strength, grid=()):
        return heads.solve(
            layer,
            head,
            *splits,
            strength=strength,
            grid=grid or heads.GRID,
            class_weights=config.class_weight_values,
            seed=config.seed,
        )
