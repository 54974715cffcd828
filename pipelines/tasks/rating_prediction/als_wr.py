"""ALS-WR: factors of what the biases leave, by alternating least squares."""

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
    """The shared settings, and those of the factors."""

    factors: int = setting(20, "numbers of each item", "numbers", low=1, high=1024)
    regularisation: float = setting(
        0.1, "penalty of a row of factors for each of its ratings", low=1e-6
    )
    sweeps: int = setting(10, "times that users and items are solved for", "sweeps", low=1)


class ALSWR(rating_prediction.RatingPrediction):
    """Least squares for users and items by turns, on what the biases leave of the ratings."""

    Config = _Config
    paper = "Zhou et al. 2008"

    def model(self, config):
        """Biases and the factors of the items; those of the user follow from the ratings."""
        given = rating_prediction.inputs(config)
        layer = rating_factors.RatingFoldIn(
            config.factors, config.regularisation, config.user_weight, name="found"
        )
        return rating_prediction.net(given, layer(*given), "als_wr")

    def phases(self, config):
        """One: sweeps by turns."""

        def solve(net, source):
            known, own, rest = rating_prediction.biases(source, config)
            factors = rating_factors.als(
                known,
                rest,
                recommending.items(config),
                config.factors,
                config.regularisation,
                config.sweeps,
                config.seed,
            )
            net.get_layer("found").assign(own, factors)

        return [Phase("solve", config, solve=solve)]
