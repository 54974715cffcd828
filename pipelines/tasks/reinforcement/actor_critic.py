"""Advantage actor-critic: a policy that follows its gradient, and values that judge its actions."""

from dataclasses import dataclass
from typing import ClassVar

from etils import epy

from pipelines.config import setting
from pipelines.tasks.reinforcement import _gradient, _policy

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from keras import ops

    from pipelines.losses import policies
    from pipelines.tasks.reinforcement import _on_policy


@dataclass(frozen=True, kw_only=True)
class _Config(_policy.PolicyNet):
    """The settings of a policy, and those of an actor-critic."""

    steps_per_epoch: int = setting(250, "steps per epoch", "steps", low=1)
    batch_size: int = setting(
        40, "environment steps per step, of all environments together", "steps", low=1
    )
    gae: float = setting(
        1.0, "lambda of the advantages: 1 takes returns of n steps", low=0.0, high=1.0
    )
    schedule: str = setting(
        "linear",
        "learning rate over the training: down to zero in a straight line, or constant",
        choices=("linear", "constant"),
    )
    passes: ClassVar[int] = 1
    minibatch: ClassVar[int] = 2**31
    clip: ClassVar[float] = 0.0


class ActorCritic(_policy.Policy):
    """The synchronous form, A2C: returns of n steps, one update for each stretch of experience."""

    Config = _Config
    paper = "Mnih et al. 2016"

    def phases(self, config):
        """One; a step gathers experience and learns from it once."""

        def judge(update, batch, outputs):
            logs = policies.log_probability(outputs, batch["action"])
            return _on_policy.weighed(-ops.mean(logs * batch["advantage"]), outputs, batch, config)

        trainer = _on_policy.Trainer(self._spaces(config), self._limit(config), config, judge)
        return _gradient.phases(trainer, config)
