"""EASE: a linear model of which items go together, found in closed form."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import choosing, recommending, scoring
from pipelines.task import Phase
from pipelines.tasks import recommendation

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import ease, scorers


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, settings.FittedConfig):
    """The shared settings, and that of the matrix."""

    regularisation: float = setting(
        0.0, "lambda, more is smoother; 0 takes the best of five on the validation split", low=0.0
    )


class EASE(recommendation.Recommendation):
    """Which items a history predicts, by the best matrix with an empty diagonal."""

    Config = _Config
    paper = "Steck 2019"

    def model(self, config):
        """One matrix of items x items, or two of users x items if these are smaller."""
        inputs = scorers.history(recommending.items(config))
        users = int(config.learned["users"][0])
        is_narrow = ease.is_narrow(users, recommending.items(config))
        scores = scorers.two_matrices(inputs, users) if is_narrow else scorers.one_matrix(inputs)
        return scoring.net(inputs, scores, "ease")

    def phases(self, config):
        """One, found at once."""

        def solve(net, source):
            train = recommending.matrix(source)

            def found(penalty):
                return ease.solve(train, penalty)

            grid = [config.regularisation] if config.regularisation else ease.GRID
            best = choosing.best(source, grid, found, choosing.linear)
            scorers.assign(net, best.arrays)
            return f"ease: lambda {best.value:g}{best.reason}"

        return [Phase("fit", config, solve=solve)]
