"""Baselines: the mean of all ratings, what the item has more, and what the user gives more."""

from dataclasses import dataclass

from etils import epy

from pipelines.task import Phase
from pipelines.tasks import rating_prediction

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import rating_factors


@dataclass(frozen=True, kw_only=True)
class _Config(rating_prediction.Rated):
    """The shared settings."""


class Baselines(rating_prediction.RatingPrediction):
    """Biases by alternating least squares, shrunk: what every other method adds to."""

    Config = _Config
    paper = "Koren 2010"

    def model(self, config):
        """Mean and biases."""
        given = rating_prediction.inputs(config)
        layer = rating_factors.RatingFoldIn(0, 0.0, config.user_weight, name="found")
        return rating_prediction.net(given, layer(*given), "baselines")

    def phases(self, config):
        """One: the biases are found."""

        def solve(net, source):
            net.get_layer("found").assign(rating_prediction.biases(source, config)[1])

        return [Phase("fit", config, solve=solve)]
