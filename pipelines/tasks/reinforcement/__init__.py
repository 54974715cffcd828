"""Reinforcement learning: a policy that earns much reward in an environment."""

from etils import epy

from pipelines.errors import PipelineError, nearest
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.environments import grid_world

ENVIRONMENTS = ("grid",)


class Reinforcement(Method):
    """What every method shares: environments, returns, the policy's device half.

    A method decodes to {"action": int32 (B,), "values": float32 (B, A)}.
    """

    data = "grid"
    features = {"state": Feature("number")}
    scores = (Score("mean_return", tolerance=0.02), Score("success_rate", tolerance=0.02))
    page = "reinforcement.md"

    def source(self, data, config):
        """The environment of that name. Raises PipelineError if there is none."""
        name = str(data or self.data)
        if name not in ENVIRONMENTS:
            raise PipelineError(f"unknown environment {name!r}. {nearest(name, ENVIRONMENTS)}")
        return grid_world.GridWorld(config.seed if config else 0)

    def floor(self, part, config):
        """The mean return of choosing at random."""
        random = np.random.default_rng(0)
        return float(part.returns(lambda states: random.integers(0, 4, len(states))).mean())

    def evaluate(self, answer, part, config):
        """Mean return of the greedy policy over the episodes of a part, and how many earn anything."""
        returns = part.returns(lambda states: answer({"state": states})["action"])
        return {"mean_return": float(returns.mean()), "success_rate": float((returns > 0).mean())}

    def device(self, config):
        """The names of the actions."""
        return {"actions": list(grid_world.ACTIONS)}
