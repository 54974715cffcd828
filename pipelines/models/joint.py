"""A functional model whose loss takes all targets and all outputs at once."""

import keras


@keras.saving.register_keras_serializable("pipelines")
class Joint(keras.Model):
    """As keras.Model, but its one loss sees whole structures; Keras pairs each output with a target of its own."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.loss.call(y, y_pred)
