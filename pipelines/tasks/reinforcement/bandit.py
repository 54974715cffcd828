"""Bandits: which arm to pull if each pull earns something and tells something, with or without a context."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.task import Phase
from pipelines.tasks.reinforcement import Reinforcement
from pipelines.tasks.reinforcement._settings import Stepped

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np

    from pipelines.environments import several
    from pipelines.tasks.reinforcement import _arms, _table


@dataclass(frozen=True, kw_only=True)
class _Config(Stepped):
    """The settings of a training by steps of its own, and those of a bandit."""

    epochs: int = setting(10, "parts of the training, each with a validation", "epochs", low=1)
    steps_per_epoch: int = setting(100, "steps per epoch", "steps", low=1)
    batch_size: int = setting(10, "pulls per step", "pulls", low=1)
    policy: str = setting(
        "ucb",
        "how arms are tried: by upper bounds (UCB1, or LinUCB with contexts), by draws from what is"
        " likely (Thompson), or some at random",
        choices=("ucb", "thompson", "epsilon_greedy"),
    )
    width: float = setting(
        1.0, "width of the bounds (ucb) or of the draws (thompson with contexts)", low=0.0
    )
    epsilon: float = setting(0.1, "share of random pulls (epsilon_greedy)", low=0.0, high=1.0)


class Bandit(Reinforcement):
    """A table of mean rewards, or with contexts a line for each arm; the regret is in the history."""

    Config = _Config
    data = "bandit"
    paper = "Auer et al. 2002; Li et al. 2010; Agrawal & Goyal 2013"
    _acts_by_vector = False

    def model(self, config):
        """{"state": int32 (B,) or float32 (B, D)} -> {"values": (B, A)}, zero at first."""
        spaces = self._spaces(config)
        if spaces.states:
            return _table.model(spaces, self.name)
        state = keras.Input((spaces.size,), name="state")
        arms = keras.layers.Dense(
            len(spaces.actions), use_bias=False, kernel_initializer="zeros", name="arms"
        )
        return keras.Model({"state": state}, {"values": arms(state)}, name=self.name)

    def phases(self, config):
        """One, whose steps are pulls; what is known of the arms lasts."""
        kept = []

        def begin(net):
            arms = _arms.arms(self._spaces(config), config)
            kept[:] = [arms]

        def steps(net, source, first_step):
            (arms,), step = kept[:1], first_step
            # An episode of a bandit is any stretch of pulls: each step begins one.
            while True:
                place = several.Place(1, config.batch_size, 1)
                world = several.Several(source.make, place, config.seed * 1_000_003 + step)
                world.settle()
                numbers = _pulls(world, arms, config, np.random.default_rng((config.seed, step)))
                arms.show(net)
                step += 1
                yield numbers

        return [Phase("train", config, begin=begin, steps=steps, memory=lambda: kept[0].kept)]

    def unsupported(self, config):
        """A table has no int8 file."""
        return {"int8": _table.REASON} if self._spaces(config).states else {}


def _pulls(world, arms, config, random):
    """One step: {"loss", "train_return", "regret": per pull, if the environment tells its means}."""
    errors, rewards, regrets = [], [], []
    for _ in range(config.batch_size):
        state = world.states[0]
        arm = arms.choose(state, random)
        means = world.means(0)
        if means is not None:
            regrets.append(means.max() - means[arm])
        moment = world.step(np.array([arm]))
        reward = float(moment.rewards[0])
        errors.append(abs(reward - arms.mean(state, arm)))
        arms.learn(state, arm, reward)
        rewards.append(reward)
    found = {"loss": float(np.mean(errors)), "train_return": float(np.mean(rewards))}
    return found | ({"regret": float(np.mean(regrets))} if regrets else {})
