"""How far pictures that were made anew are from the true ones."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("pipelines")
class SquaredError(keras.losses.Loss):
    """Mean squared error of {"image": (B, H, W, C)}, and `sparsity` times the mean size of a code.

    The L1 penalty of "latent", (B, N): Goodfellow et al. 2016, Deep Learning, section 14.2.1.
    """

    def __init__(self, sparsity: float = 0.0, **more):
        super().__init__(**more)
        self.sparsity = sparsity

    def call(self, y_true, y_pred):
        error = ops.mean(ops.square(y_true["image"] - y_pred["image"]))
        if not self.sparsity:
            return error
        return error + self.sparsity * ops.mean(ops.abs(y_pred["latent"]))

    def get_config(self):
        return {**super().get_config(), "sparsity": self.sparsity}
