"""Value and policy iteration: the best policy of a small environment that knows its probabilities."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.task import Phase
from pipelines.tasks.reinforcement import Reinforcement
from pipelines.tasks.reinforcement._settings import Judging

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.environments import dynamics
    from pipelines.tasks.reinforcement import _table


@dataclass(frozen=True, kw_only=True)
class _Config(Judging, settings.FittedConfig):
    """The settings that judge a policy, and how the values are found."""

    iteration: str = setting(
        "value",
        "how the values are found: by sweeps over all states, or by evaluating a policy exactly and"
        " improving it",
        choices=("value", "policy"),
    )


class ValueIteration(Reinforcement):
    """What the other methods learn by trying, computed from what the environment knows of itself."""

    Config = _Config
    paper = "Bellman 1957; Howard 1960"
    _takes_vectors = _acts_by_vector = False

    def model(self, config):
        """A table, zero at first."""
        return _table.model(self._spaces(config), self.name)

    def phases(self, config):
        """One step, which finds all values."""

        def steps(net, source, first_step):
            world = source.make()
            known = dynamics.of(world.env, world.name)
            find = dynamics.optimum if config.iteration == "value" else dynamics.improved
            table = find(known, config.discount)
            _table.put(net, table)
            best = dynamics.expected(known, _table.of(net).argmax(1), world.longest)
            while True:
                yield {"loss": 0.0, "value_at_start": float(known.start @ table.max(1)),
                       "expected_return": best, "states": float(np.count_nonzero(table.any(1)))}  # fmt: skip

        return [Phase("train", config, steps=steps)]

    def unsupported(self, config):
        """No table has an int8 file: actions that are worth nearly the same change places."""
        return {"int8": _table.REASON}
