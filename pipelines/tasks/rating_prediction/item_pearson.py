"""Neighbours among items, by Pearson's correlation of what the biases leave of their ratings."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import recommending
from pipelines.task import Phase
from pipelines.tasks import rating_prediction

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    from scipy import sparse

    from pipelines.models import rating_factors, rating_neighbours


@dataclass(frozen=True, kw_only=True)
class _Config(rating_prediction.Rated):
    """The shared settings, and those of the neighbours."""

    neighbours: int = setting(
        300, "most alike items that are looked for among the rated ones", "items", low=1, high=1000
    )
    shrinkage: float = setting(100.0, "takes weight from items that few have both rated", low=0.0)


class ItemPearson(rating_prediction.RatingPrediction):
    """The baselines, and what the user gave more than these to the items that are most alike."""

    Config = _Config
    paper = "Koren 2010"

    def model(self, config):
        """Biases, and lists of neighbours."""
        given = rating_prediction.inputs(config)
        base = rating_factors.RatingFoldIn(0, 0.0, config.user_weight, name="baseline")(*given)
        history, ratings = given
        near = rating_neighbours.NearRatings(_count(config), name="near")
        found = base + near(history, history * (ratings - base))
        return rating_prediction.net(given, found, "item_pearson")

    def phases(self, config):
        """One: all items are compared."""

        def solve(net, source):
            known, own, rest = rating_prediction.biases(source, config)
            shape = int(known.users.max()) + 1, recommending.items(config)
            kept = np.where(rest == 0, 1e-9, rest)  # a rating, though nothing is left of it
            matrix = sparse.csr_matrix((kept, (known.users, known.items)), shape)
            ids, near = rating_neighbours.pearson(matrix, _count(config), config.shrinkage)
            net.get_layer("baseline").assign(own)
            layer = net.get_layer("near")
            layer.ids.assign(ids)
            layer.near.assign(near)

        return [Phase("compare", config, solve=solve)]


def _count(config):
    return min(config.neighbours, recommending.items(config) - 1)
