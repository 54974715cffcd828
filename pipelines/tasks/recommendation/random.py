"""Items at random, what chance reaches."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.families import recommending, scoring
from pipelines.task import Phase
from pipelines.tasks import recommendation

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.models import scorers

WIDTH = 16  # numbers that a history becomes at random


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, settings.FittedConfig):
    """The shared settings; `seed` says which list it is."""


class Random(recommendation.Recommendation):
    """Two random matrices: another list for each history, and always the same for one."""

    Config = _Config
    paper = "Cremonesi et al. 2010"

    def model(self, config):
        """history @ A @ B, both at random."""
        inputs = scorers.history(recommending.items(config))
        return scoring.net(inputs, scorers.two_matrices(inputs, WIDTH), "random")

    def phases(self, config):
        """One: the matrices are drawn."""

        def solve(net, source):
            chance, count = np.random.default_rng(config.seed), recommending.items(config)
            shapes = ((count, WIDTH), (WIDTH, count))
            scorers.assign(net, [chance.normal(size=shape) for shape in shapes])

        return [Phase("draw", config, solve=solve)]
