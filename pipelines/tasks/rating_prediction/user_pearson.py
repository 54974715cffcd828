"""Neighbours among users, by Pearson's correlation of their ratings: the textbook's formula."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import recommending
from pipelines.task import Phase
from pipelines.tasks import rating_prediction

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.models import rating_factors, rating_neighbours

LARGEST = 100_000_000  # users times items, twice: 800 MB


@dataclass(frozen=True, kw_only=True)
class _Config(rating_prediction.Rated):
    """The shared settings, and that of the neighbours."""

    shrinkage: float = setting(25.0, "takes weight from users with few items in common", low=0.0)


class UserPearson(rating_prediction.RatingPrediction):
    """The user's mean, and how far users who rate alike are off theirs."""

    Config = _Config
    paper = "Resnick et al. 1994"

    def check(self, examples, config):
        """Raises PipelineError if users x items do not fit in memory."""
        recommending.check_users(
            config,
            LARGEST,
            "user_pearson keeps each user's ratings",
            "Take als_wr or item_pearson.",
        )

    def model(self, config):
        """All ratings of training, less each user's mean."""
        given = rating_prediction.inputs(config)
        users = int(config.learned["users"][0])
        layer = rating_neighbours.RatedAlike(users, config.shrinkage, name="alike")
        return rating_prediction.net(given, layer(*given), "user_pearson")

    def phases(self, config):
        """One: the ratings are kept."""

        def solve(net, source):
            known = rating_factors.Ratings(*recommending.ratings(source))
            users = int(config.learned["users"][0])
            counts = np.maximum(np.bincount(known.users, minlength=users), 1)
            means = np.bincount(known.users, known.values, users) / counts
            layer = net.get_layer("alike")
            rest, there = np.zeros((2, recommending.items(config), users), np.float32)
            rest[known.items, known.users] = known.values - means[known.users]
            there[known.items, known.users] = 1
            layer.rest.assign(rest)
            layer.known.assign(there)

        return [Phase("keep", config, solve=solve)]
