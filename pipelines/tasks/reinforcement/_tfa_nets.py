"""Keras 3 nets as networks of TF-Agents."""

import tensorflow as tf
import tensorflow_probability as tfp
from tf_agents.networks import network


class Net(network.Network):
    """What `given` computes of observations by a Keras 3 net, some of whose variables it trains.

    given: observations (B, ...) -> a tensor, or a distribution, of B. TF-Agents sees the variables of
    Keras 2 alone, so they are named: all of the net, and those to be trained.
    """

    def __init__(self, spec, net, given, trained, name):
        super().__init__(input_tensor_spec=spec, state_spec=(), name=name)
        self._given, self._rank = given, spec.shape.rank
        self._every = [variable.value for variable in net.variables]
        self._trained = [variable.value for variable in trained]

    def call(self, observation, step_type=None, network_state=(), training=False):
        shape = observation.shape
        count, sizes = shape.rank - self._rank, tf.shape(observation)
        outer = [sizes[i] if shape[i] is None else shape[i] for i in range(count)]
        flat = tf.reshape(observation, [-1, *shape[count:]])
        return self._given(flat, outer), network_state

    variables = weights = property(lambda self: list(self._every))
    trainable_variables = trainable_weights = property(lambda self: list(self._trained))


def action_values(net, spec, name):
    """What each action is worth, (..., A)."""

    def given(flat, outer):
        return _unflattened(net({"state": flat})["values"], outer)

    return Net(spec, net, given, net.trainable_variables, name)


def policy(net, spec, kind):
    """The distribution of actions: categorical with the integer type `kind`, or a diagonal Gaussian."""

    def given(flat, outer):
        outputs = net({"state": flat})
        if "logits" in outputs:
            logits = _unflattened(outputs["logits"], outer)
            return tfp.distributions.Categorical(logits=logits, dtype=kind)
        mean, spread = (_unflattened(outputs[name], outer) for name in ("mean", "log_std"))
        return tfp.distributions.MultivariateNormalDiag(mean, tf.exp(spread))

    own = [v for v in net.trainable_variables if not _is_of_values(v)]
    return Net(spec, net, given, own, "policy")


def values(net, spec):
    """What states are worth, (...)."""

    def given(flat, outer):
        return tf.reshape(net({"state": flat})["value"], outer)

    own = [v for v in net.trainable_variables if _is_of_values(v)]
    return Net(spec, net, given, own, "value")


def _is_of_values(variable):
    """Whether a variable belongs to the branch of `_policy.model` that judges states."""
    return variable.path.startswith("value")


def _unflattened(tensor, outer):
    """(B, ...) with the axes `outer` in place of B."""
    return tf.reshape(tensor, [*outer, *tensor.shape[1:]])
