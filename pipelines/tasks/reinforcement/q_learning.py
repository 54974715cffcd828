"""Q-learning and SARSA: a table of what each action is worth in each state, learned step by step."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.task import Phase
from pipelines.tasks.reinforcement import Reinforcement
from pipelines.tasks.reinforcement._settings import Stepped

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.environments import held, several
    from pipelines.tasks.reinforcement import _explore, _table


@dataclass(frozen=True, kw_only=True)
class _Config(Stepped):
    """The settings of a training by steps of its own, and those of a table."""

    epochs: int = setting(10, "parts of the training, each with a validation", "epochs", low=1)
    steps_per_epoch: int = setting(100, "steps per epoch", "steps", low=1)
    batch_size: int = setting(10, "episodes per step", "episodes", low=1)
    update: str = setting(
        "q_learning",
        "what a value moves towards: the best next action's, or with sarsa the one's that is taken",
        choices=("q_learning", "sarsa"),
    )
    rate: float = setting(
        1.0, "share of the error that a value moves by at first", low=0.0, high=1.0
    )
    rate_decay: float = setting(
        0.8, "the rate falls by the visits of a pair to this power; 0 keeps it", low=0.0, high=1.0
    )
    rate_visits: int = setting(
        10, "visits of a pair in which its rate falls little; 100 learns far ways", "visits", low=1,
        high=1_000_000,
    )  # fmt: skip
    explore: str = setting(
        "epsilon",
        "how actions are tried: some at random, rare ones sooner (ucb), or by their values (softmax)",
        choices=("epsilon", "ucb", "softmax"),
    )
    epsilon: float = setting(1.0, "share of random actions at first", low=0.0, high=1.0)
    epsilon_end: float = setting(0.02, "share of random actions later", low=0.0, high=1.0)
    epsilon_share: float = setting(
        0.6, "share of the training in which epsilon falls", low=0.001, high=1.0
    )
    ucb: float = setting(
        1.0, "width of the bonus of rare actions (ucb), near the scale of the returns", low=0.0
    )
    temperature: float = setting(
        0.1, "difference of values that matters (softmax)", low=1e-6, high=1e6
    )
    optimism: float = setting(0.0, "what all actions are worth at first", low=-1e6, high=1e6)


class QLearning(Reinforcement):
    """With q_learning the update does not depend on the policy that explores; with sarsa it does."""

    Config = _Config
    paper = "Watkins & Dayan 1992; Rummery & Niranjan 1994"
    _takes_vectors = _acts_by_vector = False

    def model(self, config):
        """A table, `optimism` at first."""
        spaces = self._spaces(config)
        made = _table.model(spaces, self.name)
        _table.put(made, np.full((spaces.states, len(spaces.actions)), config.optimism))
        return made

    def phases(self, config):
        """One, whose steps are episodes; the table and the visits last."""
        spaces = self._spaces(config)
        visits = held.Held((spaces.states, len(spaces.actions)))

        def begin(net):
            visits.assign(np.zeros(visits.shape))

        def steps(net, source, first_step):
            world, step = source.make(), first_step
            total = config.epochs * config.steps_per_epoch
            while True:
                values = _table.of(net).astype(np.float64)
                learner = _Learner(values, visits.value, config, step / total, step)
                numbers = learner.learn(world)
                _table.put(net, values)
                step += 1
                yield numbers

        return [Phase("train", config, begin=begin, steps=steps, memory=lambda: [visits])]

    def unsupported(self, config):
        """No table has an int8 file: actions that are worth nearly the same change places."""
        return {"int8": _table.REASON}


class _Learner:
    """One step of the training: some episodes, which change `values` and `visits`, (S, A) both."""

    def __init__(self, values, visits, config, done, step):
        self.values, self.visits, self.config, self.step = values, visits, config, step
        self.random = np.random.default_rng((config.seed, step))
        self.choose = _explore.explorer(config, done, self.random)

    def learn(self, world):
        """{"loss": mean absolute error, "train_return": mean} of the episodes."""
        errors, returns = [], []
        for i in range(self.config.batch_size):
            seed = several.seed_of(self.config.seed, self.step * self.config.batch_size + i)
            returns.append(self._episode(world, seed, errors))
        return {"loss": float(np.mean(errors)), "train_return": float(np.mean(returns))}

    def _episode(self, world, seed, errors):
        config, values, visits = self.config, self.values, self.visits
        state, total, over = world.reset(seed), 0.0, False
        action = self.choose(values[state], visits[state])
        while not over:
            after, reward, ended, cut = world.step(action)
            over, total = ended or cut, total + reward
            visits[state, action] += 1
            following = self.choose(values[after], visits[after])
            row = values[after]
            behind = row.max() if config.update == "q_learning" else row[following]
            # Being cut off is no end of the return: only an episode that ends has nothing behind it.
            target = reward + (0.0 if ended else config.discount * behind)
            error = target - values[state, action]
            values[state, action] += _rate(visits[state, action], config) * error
            errors.append(abs(error))
            state, action = after, following
        return total


def _rate(visits, config):
    """The share of the error that a value moves by when its pair is visited for the n-th time.

    It is high as long as what comes after is hardly known, and then averages over chance: "search
    then converge", Darken & Moody 1991. A power below 1 needs far fewer visits than 1 if rewards
    are far away: Even-Dar & Mansour 2003.
    """
    return config.rate / (1 + (visits - 1) / config.rate_visits) ** config.rate_decay
