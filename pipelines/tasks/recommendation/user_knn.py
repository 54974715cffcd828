"""Neighbours among users: what those have whose histories are alike."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import recommending, scoring
from pipelines.task import Phase
from pipelines.tasks import recommendation

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import neighbours, scorers

LARGEST = 200_000_000  # users times items: 800 MB


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, settings.FittedConfig):
    """The shared settings, and that of the neighbours."""

    neighbours: int = setting(80, "users that count", "users", low=1, high=10_000)


class UserKNN(recommendation.Recommendation):
    """The users of training whose histories have the largest cosine vote for what they have."""

    Config = _Config
    paper = "Resnick et al. 1994"

    def check(self, examples, config):
        """Raises PipelineError if users x items do not fit in memory."""
        recommending.check_users(
            config,
            LARGEST,
            "user_knn keeps each user's history",
            "Take als or item_knn, or leave out items with few interactions.",
        )

    def model(self, config):
        """All histories of training in a matrix."""
        inputs = scorers.history(recommending.items(config))
        users = int(config.learned["users"][0])
        near = neighbours.NearUsers(users, config.neighbours, name=scorers.SCORES)
        return scoring.net(inputs, near(inputs), "user_knn")

    def phases(self, config):
        """One: the histories are kept."""

        def solve(net, source):
            layer = net.get_layer(scorers.SCORES)
            known, lengths = neighbours.of_users(recommending.matrix(source).toarray())
            layer.known.assign(known)
            layer.lengths.assign(lengths)

        return [Phase("keep", config, solve=solve)]
