"""A functional model whose loss takes all targets and all outputs at once."""

import keras

from pipelines.models import REGISTERED, Tensor


@keras.saving.register_keras_serializable(REGISTERED)
class Joint(keras.Model):
    """As keras.Model, but its one loss sees whole structures.

    Keras pairs each output with a target of its own.
    """

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        return self.loss.call(y, self.judged(x, y, y_pred))

    def judged(self, x: Tensor, y: Tensor, y_pred: Tensor) -> Tensor:
        """What the loss sees of the outputs: all of them."""
        return y_pred
