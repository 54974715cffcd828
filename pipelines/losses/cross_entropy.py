"""Cross-entropy of soft targets, with label smoothing and class weights."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("pipelines")
class CrossEntropy(keras.losses.Loss):
    """-sum_c w_c y_c log softmax(z)_c: targets (B, C) that sum to one, logits (B, C) -> (B,).

    smoothing: share of the target spread evenly over all classes (Szegedy et al. 2016,
        arXiv:1512.00567, section 7);
    class_weights: one positive number per class, or empty for ones.
    """

    def __init__(self, smoothing=0.0, class_weights=(), name="cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.smoothing, self.class_weights = smoothing, tuple(class_weights)

    def call(self, targets, logits):
        targets = ops.cast(targets, logits.dtype)
        if self.smoothing:
            targets = targets * (1 - self.smoothing) + self.smoothing / targets.shape[-1]
        if self.class_weights:
            targets = targets * ops.convert_to_tensor(self.class_weights, logits.dtype)
        return -ops.sum(targets * ops.log_softmax(logits), -1)

    def get_config(self):
        return {
            **super().get_config(),
            "smoothing": self.smoothing,
            "class_weights": self.class_weights,
        }
