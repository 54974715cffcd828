"""What a net learns that is to work in another domain: the labels of one domain, and to make both
look alike."""

import keras
from keras import ops

from pipelines.losses.coral import coral
from pipelines.losses.cross_entropy import CrossEntropy
from pipelines.losses.mmd import mmd


@keras.saving.register_keras_serializable("pipelines")
class AdaptationLoss:
    """Weighted cross-entropy of the examples whose labels count, plus `factor` times what tells the
    domains apart.

    method: `mmd`, `deep_coral` or `dann`; another one adds nothing.
    """

    def __init__(self, method, factor, smoothing=0.0):
        self.method, self.factor, self.smoothing = method, factor, smoothing

    def call(self, targets, outputs):
        """targets {"label": (B, C), "domain": (B,) of 0 and 1, "weight": (B,), 0 where a label does
        not count}, outputs
        {"logits": (B, C), "features": (B, F), "domain": (B,), a logit} -> a scalar."""
        domain = ops.cast(targets["domain"], "float32")
        weight = ops.cast(targets["weight"], "float32")
        each = CrossEntropy(self.smoothing).call(targets["label"], outputs["logits"])
        loss = ops.sum(weight * each) / ops.maximum(ops.sum(weight), 1e-6)
        if self.method == "mmd":
            return loss + self.factor * mmd(outputs["features"], domain)
        if self.method == "deep_coral":
            return loss + self.factor * coral(outputs["features"], domain)
        if self.method == "dann":
            logit = outputs["domain"]
            told = ops.maximum(logit, 0.0) - logit * domain + ops.log1p(ops.exp(-ops.abs(logit)))
            return loss + self.factor * ops.mean(told)
        return loss

    def get_config(self):
        return dict(vars(self))
