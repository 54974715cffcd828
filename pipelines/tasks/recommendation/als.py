"""Factors of users and items by alternating least squares, of implicit feedback."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import choosing, recommending, scoring
from pipelines.task import Phase
from pipelines.tasks import recommendation

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import als, scorers

GRID = (1.0, 3.0, 10.0)  # of the confidence


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, settings.FittedConfig):
    """The shared settings, and those of the factors."""

    factors: int = setting(64, "numbers of each user and each item", "numbers", low=1, high=1024)
    confidence: float = setting(
        0.0,
        "weight of an interaction, if that of all other pairs is 1; 0 takes the best of three on the"
        " validation split",
        low=0.0,
    )  # fmt: skip
    regularisation: float = setting(10.0, "lambda, more is smoother", low=1e-6)
    sweeps: int = setting(10, "times that users and items are solved for", "sweeps", low=1)


class ALS(recommendation.Recommendation):
    """Least squares for the users and for the items by turns; a new history gets its factors at once."""

    Config = _Config
    paper = "Hu et al. 2008"

    def model(self, config):
        """The factors of the items; those of the user follow from the history."""
        inputs = scorers.history(recommending.items(config))
        layer = als.FoldIn(config.factors, name=scorers.SCORES)
        return scoring.net(inputs, layer(inputs), "als")

    def phases(self, config):
        """One: sweeps by turns."""

        def solve(net, source):
            train, layer = recommending.matrix(source), net.get_layer(scorers.SCORES)
            penalty = config.regularisation

            def found(confidence):
                _, items = als.factors(
                    train, config.factors, confidence, penalty, config.sweeps, config.seed
                )
                return items, confidence

            def scores(fitted, histories):
                items, confidence = fitted
                return als.scores(items, histories, confidence, penalty)

            grid = [config.confidence] if config.confidence else GRID
            best = choosing.best(source, grid, found, scores)
            layer.assign(*best.arrays, penalty)
            return f"als: confidence {best.value:g}{best.reason}"

        return [Phase("solve", config, solve=solve)]
