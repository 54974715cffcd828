"""The evidence lower bound as a loss: Kingma & Welling 2014, arXiv:1312.6114, equation 3."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("pipelines")
class NegativeBound(keras.losses.Loss):
    """Mean of divergence times its weight, less the log likelihood, in nats a picture.

    y_pred: {"log_likelihood": (B,), "divergence": (B, N)}. y_true: {"weight": (B,)}, the beta of
    Higgins et al. 2017, or less while it warms up (Bowman et al. 2016, arXiv:1511.06349, 3.1).
    """

    def call(self, y_true, y_pred):
        divergence = ops.sum(y_pred["divergence"], -1)
        return ops.mean(y_true["weight"] * divergence - y_pred["log_likelihood"])
