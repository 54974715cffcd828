"""Several labels an example, or none: a sigmoid and a threshold for each label."""

from etils import epy

from pipelines.families.target_kinds.target import Caption, Target
from pipelines.task import Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines.edge import classification as edge
    from pipelines.losses import binary_cross_entropy
    from pipelines.metrics import several_labels
    from pipelines.models import heads, solved, thresholds

LEAST = 1e-7  # of a probability, and of what it lacks to 1, when its log odds are asked for


class Several(Target):
    """Targets (B, C) are 0 or 1; outputs (B, 2 C) logits, and the threshold of each label."""

    scores = (
        Score("macro_f1"),
        Score("micro_f1"),
        Score("map"),
        Score("subset_accuracy", counted=True),
    )

    def width(self, config):
        return len(config.labels)

    def after(self, config):
        return [thresholds.Thresholds(dtype="float32", name="thresholds")]

    def loss(self, config):
        return binary_cross_entropy.BinaryCrossEntropy(
            config.label_smoothing, config.class_weight_values
        )

    def parse(self, example, config):
        ids = tf.cast(example["label"], tf.int32)
        return tf.minimum(tf.reduce_sum(tf.one_hot(ids, len(config.labels)), 0), 1.0)

    def decode(self, outputs, config):
        """-> {"probabilities": (B, C), "thresholds": (B, C)}: at or above it a label holds."""
        logits, least = keras.ops.split(outputs, 2, -1)
        return {"probabilities": keras.ops.sigmoid(logits), "thresholds": keras.ops.sigmoid(least)}

    def raw(self, decoded, config):
        """Log odds of both."""
        both = np.concatenate([decoded["probabilities"], decoded["thresholds"]], -1)
        chances = np.clip(both, LEAST, 1 - LEAST)
        return np.log(chances) - np.log1p(-chances)

    def metrics(self, config):
        return [several_labels.SeveralLabels()]

    def floor(self, part, config):
        """Macro F1 of all labels for every example: 2 p / (1 + p) of a label with the share p."""
        rows = part.examples.columns["label"]
        shares = [sum(i in row for row in rows) / len(rows) for i in range(len(config.labels))]
        there = [2 * share / (1 + share) for share in shares if share]
        return sum(there) / len(there) if there else None

    def truth(self, targets, config):
        return {"probabilities": targets, "thresholds": np.full(len(config.labels), 0.5)}

    def caption(self, decoded, config, targets=None):
        answer = edge.several(decoded["probabilities"], decoded["thresholds"], config.labels)
        found = ", ".join(
            f"{name} {answer['probabilities'][name]:.2f}" for name in answer["labels"]
        )
        if targets is None:
            return Caption(found or "none")
        true = [name for name, value in zip(config.labels, targets, strict=True) if value >= 0.5]
        return Caption(found or "none", ", ".join(true) or "none", true == answer["labels"])

    def calibrate(self, model, answers, config):
        """Sets the threshold of each label by F1; see `models.thresholds`."""
        outputs, targets = (np.concatenate(parts) for parts in zip(*answers, strict=True))
        logits = outputs[:, : len(config.labels)]
        columns = range(len(config.labels))
        found = [thresholds.chosen(logits[:, i], targets[:, i] >= 0.5) for i in columns]
        model.get_layer("thresholds").values.assign(np.array(found, np.float32))
        chances = 1 / (1 + np.exp(-np.array(found)))
        names = (f"threshold of {label}" for label in config.labels)
        return dict(zip(names, map(float, chances), strict=True))

    def solve(self, layer, head, splits, config, strength, grid=()):
        return solved.several(layer, *splits, strength, grid or heads.GRID)
