"""What methods share that train a policy by its gradient: nets, actions by chance, decoding."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.tasks import reinforcement
from pipelines.tasks.reinforcement import _gradient

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    from keras import ops

    from pipelines.models import in_numpy, policy_nets


@dataclass(frozen=True, kw_only=True)
class PolicyNet(_gradient.Net):
    """The settings of a policy with a baseline."""

    entropy: float = setting(0.0, "weight of the entropy, which keeps a policy trying", low=0.0)
    value_weight: float = setting(0.5, "weight of the error of the values", low=0.0)
    spread: float = setting(
        0.0, "logarithm of a Gaussian policy's deviation at first", low=-10.0, high=2.0
    )


def model(spaces, config, name):
    """{"state"} -> {"logits": (B, A), or "mean" and "log_std": (B, D); "value": (B,)}.

    Policy and value have layers of their own.
    """
    widths = (config.width,) * config.depth
    given, x = policy_nets.state(spaces.states, spaces.size, config.normalise == "on")
    out = len(spaces.actions) or spaces.width
    acted = policy_nets.branch(x, widths, "tanh", "policy", out, 0.01)
    value = policy_nets.branch(x, widths, "tanh", "value", 1, 1.0)
    outputs = {"value": ops.squeeze(value, -1)}
    if spaces.actions:
        outputs["logits"] = acted
    else:
        outputs |= {
            "mean": acted,
            "log_std": policy_nets.Spread(config.spread, name="spread")(acted),
        }
    return keras.Model({"state": given}, outputs, name=name)


class Actor:
    """Acts and judges states as the net does now, by NumPy. `pull` takes its weights anew."""

    def __init__(self, net, spaces):
        self._policy, self._value = in_numpy.Branch(net, "policy"), in_numpy.Branch(net, "value")
        self._net, self._spaces = net, spaces
        self.pull()

    def pull(self):
        """Takes the weights as they are now."""
        self._policy.pull()
        self._value.pull()
        if not self._spaces.actions:
            self._spread = self._net.get_layer("spread").get_weights()[0]

    def values(self, states):
        """What states are worth, (N,)."""
        return self._value(states)[:, 0]

    def act(self, states, random):
        """(actions (N, 1) or (N, D), their log probabilities (N,)) by chance."""
        found = self._policy(states)
        if not self._spaces.actions:
            noise = random.normal(size=found.shape)
            actions = found + np.exp(self._spread) * noise
            logs = -0.5 * noise**2 - self._spread - 0.5 * np.log(2 * np.pi)
            return actions.astype(np.float32), logs.sum(-1)
        found = found - found.max(-1, keepdims=True)
        logs = found - np.log(np.exp(found).sum(-1, keepdims=True))
        actions = (logs + random.gumbel(size=logs.shape)).argmax(-1)
        return actions[:, None].astype(np.float32), logs[np.arange(len(logs)), actions]


class Policy(reinforcement.Reinforcement):
    """A policy whose gradient is followed; the most likely action, or a Gaussian's mean, is what it does."""

    data = "cart_pole"

    def model(self, config):
        """A policy and a value of each state."""
        return model(self._spaces(config), config, self.name)

    def on_tpu(self, config):
        """The updates."""
        return _gradient.on_tpu(config)

    def decode(self, outputs, config):
        """The most likely action and all probabilities, or the mean within the bounds."""
        if "logits" in outputs:
            logits = outputs["logits"]
            return {"action": reinforcement.best(logits), "probabilities": ops.softmax(logits)}
        spaces = self._spaces(config)
        low, high = (np.array(v, np.float32) for v in (spaces.action_low, spaces.action_high))
        return {"action": ops.minimum(ops.maximum(outputs["mean"], low), high)}
