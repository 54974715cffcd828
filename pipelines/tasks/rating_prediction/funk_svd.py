"""Funk's SVD: factors and biases by stochastic gradient descent."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import recommending
from pipelines.task import Phase
from pipelines.tasks import rating_prediction

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import rating_factors


@dataclass(frozen=True, kw_only=True)
class _Config(rating_prediction.Rated):
    """The shared settings, and those of the descent."""

    factors: int = setting(100, "numbers of each item", "numbers", low=1, high=1024)
    rate: float = setting(0.005, "share of the gradient of a rating that is stepped", low=0.0)
    regularisation: float = setting(0.02, "penalty of factors and biases in each step", low=0.0)
    passes: int = setting(20, "times that each rating is looked at", "passes", low=1)
    history_penalty: float = setting(
        0.1,
        "penalty of a user's factors for each rating, as they follow from the ratings",
        low=1e-6,
    )


class FunkSVD(rating_prediction.RatingPrediction):
    """A step after each rating, as in Koren et al. 2009; a user's factors follow from the ratings.

    In a file the factors of the user are the ridge regression of the ratings on the items' factors,
    so that whoever has ratings is served.
    """

    Config = _Config
    paper = "Koren et al. 2009"

    def model(self, config):
        """Biases and the factors of the items."""
        given = rating_prediction.inputs(config)
        layer = rating_factors.RatingFoldIn(
            config.factors, config.history_penalty, config.user_weight, name="found"
        )
        return rating_prediction.net(given, layer(*given), "funk_svd")

    def phases(self, config):
        """One: passes over the ratings."""

        def solve(net, source):
            known = rating_factors.Ratings(*recommending.ratings(source))
            found = rating_factors.sgd(
                known,
                recommending.items(config),
                config.factors,
                config.rate,
                config.regularisation,
                config.passes,
                config.seed,
            )
            net.get_layer("found").assign(*found)

        return [Phase("descend", config, solve=solve)]
