"""One list for all: the items that most users have, a floor for the others."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.families import recommending, scoring
from pipelines.task import Phase
from pipelines.tasks import recommendation

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import scorers


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, settings.FittedConfig):
    """The shared settings."""


class Popularity(recommendation.Recommendation):
    """What most users have, without what this one has."""

    Config = _Config
    paper = "Cremonesi et al. 2010"

    def floor(self, part, config):
        """None: it is the floor of the others itself."""
        return None

    def model(self, config):
        """The same scores for every history."""
        inputs = scorers.history(recommending.items(config))
        return scoring.net(inputs, scorers.constant(inputs), "popularity")

    def phases(self, config):
        """One: the items are counted."""

        def solve(net, source):
            net.get_layer(scorers.SCORES).bias.assign(recommending.counts(config))

        return [Phase("count", config, solve=solve)]
