"""The update of an agent as a Keras model with its own loss, and many updates in one compiled
call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from pipelines.models import Tensor


class Update(keras.Model):
    """Trains `net` by what `judge` says of a batch.

    judge: (update, batch, outputs of the net) -> the loss, a number. batch: {name: (B, ...)}, with
    what the net takes by name. target: a net that the loss may ask, and that is not trained.
    """

    def __init__(self, net: keras.Model, judge: Callable, target: keras.Model | None = None):
        super().__init__(name="update")
        self.net, self.judge, self.target = net, judge, target
        if target is not None:
            target.trainable = False

    def call(self, batch: dict, training: bool = False) -> Any:
        taken = {tensor.name: batch[tensor.name] for tensor in keras.tree.flatten(self.net.input)}
        return self.net(taken, training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:  # fmt: skip
        return self.judge(self, x, y_pred)


def ready(update: Update, optimizer: keras.optimizers.Optimizer) -> Update:
    """Compiled, and with all variables that a checkpoint has to keep."""
    optimizer.build(update.net.trainable_variables)
    update.compile(optimizer=optimizer, jit_compile=False)
    update.built = True
    return update


def runner(update: Update) -> Callable[[dict], float]:
    """{name: (K, B, ...)} -> the mean loss of K updates, one after the other, in one call.

    A call for each would take longer than the update itself.
    """
    return _graph(update) if keras.backend.backend() == "tensorflow" else _scan(update)


def _graph(update: Update) -> Callable[[dict], float]:
    import tensorflow as tf

    @tf.function(reduce_retracing=True, autograph=False)
    def run(batches):
        count = tf.shape(next(iter(batches.values())))[0]

        def one(i, total):
            batch = {name: values[i] for name, values in batches.items()}
            return i + 1, total + _step(update, batch)

        _, total = tf.while_loop(lambda i, _: i < count, one, (0, 0.0))
        return total / tf.cast(count, tf.float32)

    return lambda batches: float(run({k: tf.constant(v) for k, v in batches.items()}))


def _step(update: Update, batch: dict) -> Tensor:
    """One update by TensorFlow -> the loss."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = update.compute_loss(batch, None, update(batch, training=True))
    variables = update.net.trainable_variables
    gradients = tape.gradient(loss, [v.value for v in variables])
    update.optimizer.apply(gradients, variables)
    return loss


def _scan(update: Update) -> Callable[[dict], float]:
    import jax

    def loss_of(trained, fixed, batch):
        variables = [*update.trainable_variables, *update.non_trainable_variables]
        with keras.StatelessScope(list(zip(variables, [*trained, *fixed], strict=True))):
            return update.compute_loss(batch, None, update(batch, training=True))

    def one(state, batch):
        trained, fixed, own = state
        loss, gradients = jax.value_and_grad(loss_of)(trained, fixed, batch)
        trained, own = update.optimizer.stateless_apply(own, gradients, trained)
        return (trained, fixed, own), loss

    @jax.jit
    def run(state, batches):
        state, losses = jax.lax.scan(one, state, batches)
        return state, losses.mean()

    def call(batches):
        groups = (
            update.trainable_variables,
            update.non_trainable_variables,
            update.optimizer.variables,
        )
        state = tuple([v.value for v in group] for group in groups)
        state, loss = run(state, batches)
        for group, values in zip(groups, state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        return float(loss)

    return call
