"""Rings: which of two rings around the origin a point lies on."""

from etils import epy

from pipelines.families.labelled import Labelled
from pipelines.task import Feature

with epy.lazy_imports():
    import tensorflow as tf


class Rings(Labelled):
    """One label a point."""

    data = "dots"
    features = {"point": Feature("vector"), "label": Feature("label", ("inner", "outer"))}
    target = "label"

    def parse(self, example, config):
        """{"point": float (2,), "label": int} -> ({"point": (2,)}, one-hot float (2,))."""
        point = tf.ensure_shape(tf.cast(example["point"], tf.float32), (2,))
        return {"point": point}, tf.one_hot(example["label"], len(config.labels))

    def draw(self, inputs, decoded, config, targets=None):
        """The point and its label, as text."""
        label = config.labels[int(decoded["probabilities"].argmax())]
        return f"{inputs['point'].tolist()} {label}"
