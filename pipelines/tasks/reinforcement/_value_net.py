"""What DQN and its kin share: the net, the memory, the target net, the updates."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.tasks import reinforcement
from pipelines.tasks.reinforcement import _gradient, _tf_agents

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    from keras import ops

    from pipelines.models import policy_nets
    from pipelines.tasks.reinforcement import _off_policy


@dataclass(frozen=True, kw_only=True)
class ValueNet(_gradient.Net, _tf_agents.Engine):
    """The settings of a net of action values; rl-zoo's for CartPole by default."""

    epochs: int = setting(13, "parts of the training, each with a validation", "epochs", low=1)
    steps_per_epoch: int = setting(15, "steps per epoch", "steps", low=1)
    batch_size: int = setting(
        256, "environment steps per step, of all environments together", "steps", low=1
    )
    environments: int = setting(
        1, "environments that run at once", "environments", low=1, high=1024
    )
    width: int = setting(256, "units of each hidden layer", "units", low=1, high=4096)
    learning_rate: float = setting(2.3e-3, "learning rate", low=0.0, high=10.0)
    clip_norm: float = setting(10.0, "clip the global gradient norm; 0 is off", low=0.0)
    updates: int = setting(128, "updates per step", "updates", low=1, high=100_000)
    minibatch: int = setting(64, "transitions in an update", "transitions", low=1, high=65_536)
    warmup: int = setting(
        1000, "environment steps before the first update", "steps", low=0, high=10_000_000
    )
    replay: int = setting(
        100_000, "transitions that are remembered", "transitions", low=1, high=10_000_000
    )
    priority: float = setting(
        0.0, "power of the error by which transitions are drawn; 0 draws evenly", low=0.0, high=1.0
    )
    correction: float = setting(
        0.4, "power of the weights that correct for it at first; 1 at the end", low=0.0, high=1.0
    )
    target_steps: int = setting(
        1, "steps from one copy of the target net to the next", "steps", low=1, high=10_000
    )
    epsilon: float = setting(1.0, "share of random actions at first", low=0.0, high=1.0)
    epsilon_end: float = setting(0.04, "share of random actions later", low=0.0, high=1.0)
    epsilon_share: float = setting(
        0.16, "share of the training in which epsilon falls", low=0.001, high=1.0
    )


class ActionValues(reinforcement.Reinforcement):
    """A net that says what each action is worth, trained on what is remembered."""

    data = "cart_pole"
    _acts_by_vector = False
    _is_double = _is_dueling = False

    def model(self, config):
        """{"state"} -> {"values": (B, A)}."""
        spaces = self._spaces(config)
        given, x = policy_nets.state(spaces.states, spaces.size, config.normalise == "on")
        widths, count = (config.width,) * config.depth, len(spaces.actions)
        if not self._is_dueling:
            values = policy_nets.branch(x, widths, "relu", "values", count, 1.0)
            return keras.Model({"state": given}, {"values": values}, name=self.name)
        parts = policy_nets.branch(x, widths, "relu", "values", count + 1, 1.0)
        worth, gain = parts[:, :1], parts[:, 1:]
        values = worth + gain - ops.mean(gain, -1, keepdims=True)
        return keras.Model({"state": given}, {"values": values}, name=self.name)

    def on_tpu(self, config):
        """The updates."""
        return _gradient.on_tpu(config)

    def phases(self, config):
        """One; a step gathers experience and learns from what is remembered."""
        if _tf_agents.is_asked(config):
            agent = "double_dqn" if self._is_double else "dqn"
            return _tf_agents.phases(agent, config, without=[("priority", 0.0)])
        trainer = _off_policy.Trainer(
            self._spaces(config), self._limit(config), config, self._is_double, self.model
        )
        return _gradient.phases(trainer, config)
