"""How far pictures that were made anew are from the true ones."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("pipelines")
class SquaredError(keras.losses.Loss):
    """Mean squared error of {"image": (B, H, W, C)}; what else a model gives does not count."""

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true["image"] - y_pred["image"]))
