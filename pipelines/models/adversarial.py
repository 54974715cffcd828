"""Functional generators with their critics, trained by one loss in plain `fit`, on every backend.

The generator's loss goes through critics whose weights are stopped, the critics' loss through fakes
that are stopped: the sum of both has, for each variable, the gradient of that player's own loss.
With Adam, which looks at each variable alone, this is what two optimizers do that step at once.
Alternating updates, as in the papers, show the generator a critic that is one step newer;
tests/test_adversarial.py measures how little that changes.

A critic's weights are read once a step, by `taken`, for both losses. If each loss reads them for
itself, TensorFlow's graph optimizer drops the order of the second read and of the update (measured,
TensorFlow 2.21: dependency optimization), and the generator may meet a weight that the same step
has changed.
"""

from collections.abc import Mapping, Sequence

import keras
from keras import ops

from pipelines.models import REGISTERED, Tensor


@keras.saving.register_keras_serializable(REGISTERED)
class Adversarial(keras.Model):
    """A functional model with `partners`, {name: layer}: critics, and pools of what critics saw.

    They are part of its weights but not of what it computes.

    rule: (model, inputs, targets, outputs, training) -> loss; set before `compile`.
    """

    def attach(self, partners: Mapping[str, keras.Layer]) -> "Adversarial":
        """Gives the model its partners, once."""
        self.names = sorted(partners)
        for name in self.names:
            setattr(self, name, partners[name])
        return self

    @property
    def partners(self) -> dict[str, keras.Layer]:
        return {name: getattr(self, name) for name in self.names}

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        return self.rule(self, x, y, y_pred, training)

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        partners = {name: serialize(layer) for name, layer in self.partners.items()}
        return {**super().get_config(), "partners": partners}

    @classmethod
    def from_config(cls, config: Mapping, custom_objects: Mapping | None = None) -> "Adversarial":
        config = dict(config)
        partners = config.pop("partners", {})
        made = super().from_config(config, custom_objects)
        deserialize = keras.saving.deserialize_keras_object
        return made.attach({name: deserialize(layer) for name, layer in partners.items()})


def taken(model: keras.Model) -> list[Tensor]:
    """The weights of a critic as tensors, read once for all that a step asks it."""
    # `convert_to_tensor` would give TensorFlow's variable.
    return [ops.copy(v.value) for v in model.trainable_variables]


def stopped(weights: Sequence[Tensor]) -> list[Tensor]:
    """The same weights without a gradient."""
    return [ops.stop_gradient(w) for w in weights]


def said(model: keras.Model, weights: Sequence[Tensor], x: Tensor) -> Tensor:
    """What a critic with these trainable weights says of `x`."""
    others = [v.value for v in model.non_trainable_variables]
    outputs, _ = model.stateless_call(weights, others, x, training=False)
    return outputs
