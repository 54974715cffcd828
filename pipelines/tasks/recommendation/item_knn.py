"""Neighbours among items: what is alike to what a user liked, by who liked both."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import recommending, scoring
from pipelines.task import Phase
from pipelines.tasks import recommendation

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import neighbours, scorers


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, settings.FittedConfig):
    """The shared settings, and those of the neighbours."""

    neighbours: int = setting(
        50, "most alike items that count for an item", "items", low=1, high=1000
    )
    shrinkage: float = setting(
        5.0, "takes weight from items that few users have in common", low=0.0
    )


class ItemKNN(recommendation.Recommendation):
    """The cosine of two items is how many users have both; those of the history add up."""

    Config = _Config
    paper = "Sarwar et al. 2001"

    def model(self, config):
        """Lists of neighbours in place of a matrix of items x items."""
        inputs = scorers.history(recommending.items(config))
        near = neighbours.NearItems(_count(config), name=scorers.SCORES)
        return scoring.net(inputs, near(inputs), "item_knn")

    def phases(self, config):
        """One: all items are compared."""

        def solve(net, source):
            ids, near = neighbours.of_items(
                recommending.matrix(source), _count(config), config.shrinkage
            )
            layer = net.get_layer(scorers.SCORES)
            layer.ids.assign(ids)
            layer.near.assign(near)

        return [Phase("compare", config, solve=solve)]


def _count(config):
    return min(config.neighbours, recommending.items(config) - 1)
