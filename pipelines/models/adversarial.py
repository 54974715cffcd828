"""Functional generators with their critics, trained by one loss in plain `fit`, on every backend.

The generator's loss goes through critics whose weights are stopped, the critics' loss through fakes
that are stopped: the sum of both has, for each variable, the gradient of that player's own loss.
With Adam, which looks at each variable alone, this is what two optimizers do that step at once.
Alternating updates, as in the papers, show the generator a critic that is one step newer;
tests/test_adversarial.py measures how little that changes.

A critic's weights are read once a step, by `taken`, for both losses. Where each loss reads them for
itself, TensorFlow's graph optimizer drops the order of the second read and of the update (measured,
TensorFlow 2.21: dependency optimization), and the generator may meet a weight that the same step
    has changed.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable("pipelines")
class Adversarial(keras.Model):
    """A functional model; `partners`, {name: layer}, are part of its weights but not of what it
    computes.

    Partners are critics, and pools of what critics saw.

    rule: (model, inputs, targets, outputs, training) -> loss; set before `compile`.
    """

    def attach(self, partners):
        """Gives the model its partners, once."""
        self.names = sorted(partners)
        for name in self.names:
            setattr(self, name, partners[name])
        return self

    @property
    def partners(self):
        return {name: getattr(self, name) for name in self.names}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.rule(self, x, y, y_pred, training)

    def get_config(self):
        config = super().get_config()
        config["partners"] = {
            name: keras.saving.serialize_keras_object(p) for name, p in self.partners.items()
        }
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        partners = config.pop("partners", {})
        made = super().from_config(config, custom_objects)
        return made.attach(
            {name: keras.saving.deserialize_keras_object(p) for name, p in partners.items()}
        )


def taken(model):
    """The weights of a critic as tensors, read once for all that a step asks it."""
    return [
        ops.copy(v.value) for v in model.trainable_variables
    ]  # `convert_to_tensor` would give TensorFlow's variable


def stopped(weights):
    """The same weights without a gradient."""
    return [ops.stop_gradient(w) for w in weights]


def said(model, weights, x):
    """What a critic with these trainable weights says of `x`."""
    return model.stateless_call(
        weights, [v.value for v in model.non_trainable_variables], x, training=False
    )[0]
