"""PPO: several updates on the same experience, whose steps are clipped."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.tasks.reinforcement import _gradient, _policy, _tf_agents

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from keras import ops

    from pipelines.losses import policies
    from pipelines.tasks.reinforcement import _on_policy


@dataclass(frozen=True, kw_only=True)
class _Config(_policy.PolicyNet, _tf_agents.Engine):
    """The settings of a policy, and those of PPO; rl-zoo's for CartPole by default."""

    steps_per_epoch: int = setting(39, "steps per epoch", "steps", low=1)
    batch_size: int = setting(
        256, "environment steps per step, of all environments together", "steps", low=1
    )
    discount: float = setting(0.98, "worth of a reward one step later", low=0.0, high=1.0)
    gae: float = setting(
        0.8, "lambda of the advantages: 1 trusts the rewards, 0 the values", low=0.0, high=1.0
    )
    passes: int = setting(20, "passes over the experience of a step", "passes", low=1, high=1000)
    minibatch: int = setting(256, "environment steps in an update", "steps", low=1)
    clip: float = setting(0.2, "how far the ratio of probabilities may be from 1", low=0.0)
    schedule: str = setting(
        "linear",
        "learning rate and clip over the training: down to zero in a straight line, or constant",
        choices=("linear", "constant"),
    )


class PPO(_policy.Policy):
    """The clipped surrogate with generalised advantages and an entropy bonus."""

    Config = _Config
    paper = "Schulman et al. 2017"

    def phases(self, config):
        """One; a step gathers experience and learns from it."""
        if _tf_agents.is_asked(config):
            return _tf_agents.phases("ppo", config)

        def judge(update, batch, outputs):
            logs = policies.log_probability(outputs, batch["action"])
            loss = policies.clipped(logs, batch["log"], batch["advantage"], batch["clip"])
            return _on_policy.weighed(ops.mean(loss), outputs, batch, config)

        trainer = _on_policy.Trainer(self._spaces(config), self._limit(config), config, judge)
        return _gradient.phases(trainer, config)
