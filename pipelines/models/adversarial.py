"""Functional generators with their critics, trained by one loss in plain `fit`, on every backend.

The generator's loss goes through critics whose weights are stopped, the critics' loss through fakes
that are stopped: the sum of both has, for each variable, the gradient of that player's own loss.
With Adam, which looks at each variable alone, this is what two optimizers do that step at once.
Alternating updates, as in the papers, show the generator a critic that is one step newer;
tests/test_adversarial.py measures how little that changes.

A critic's weights are read once a step, by `Asked`, for both losses. If each loss reads them for
itself, TensorFlow's graph optimizer drops the order of the second read and of the update (measured,
TensorFlow 2.21: dependency optimization), and the generator may meet a weight that the same step
has changed.
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from pipelines.models import REGISTERED, Tensor

# Adam bounds each step, so that a game which diverges may stay finite for long.
LIMIT = 1e4  # a loss beyond it counts as infinite; healthy ones are below 100


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
        loss = self.rule(self, x, y, y_pred, training)
        return ops.where(ops.abs(loss) < LIMIT, loss, float("inf"))

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


class Asked:
    """A critic as it is when a step begins, for all that the step asks it.

    model: the critic. It is called as in training, in which spectral normalisation divides its
    kernels; what such layers count on is kept by `settle`.
    """

    def __init__(self, model: keras.Model):
        self._model = model
        # `convert_to_tensor` would give TensorFlow's variable.
        self._weights = [ops.copy(v.value) for v in model.trainable_variables]
        self._others = self._after = [ops.copy(v.value) for v in model.non_trainable_variables]

    def __call__(self, x: Any) -> Tensor:
        """What it says of `x`, with gradients for its weights."""
        return self._said(self._weights, x)

    def fixed(self, x: Any) -> Tensor:
        """The same without: the gradient goes to `x` alone."""
        return self._said([ops.stop_gradient(w) for w in self._weights], x)

    def settle(self) -> None:
        """Keeps what its layers have counted on, at the end of a training step."""
        for variable, value in zip(self._model.non_trainable_variables, self._after, strict=True):
            variable.assign(value)

    def _said(self, weights: list[Tensor], x: Any) -> Tensor:
        outputs, self._after = self._model.stateless_call(weights, self._others, x, training=True)
        return outputs


def slopes(judge: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The length of the gradient of what `judge` says of each of x, (B, ...) -> (B,)."""
    gradient = _gradient(judge, x)
    axes = tuple(range(1, len(x.shape)))
    return ops.sqrt(ops.sum(ops.square(gradient), axes) + 1e-12)


def _gradient(judge: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    if keras.backend.backend() == "jax":
        import jax

        return jax.grad(lambda values: ops.sum(judge(values)))(x)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        total = ops.sum(judge(x))
    return tape.gradient(total, x)
