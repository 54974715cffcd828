"""A deep net of the history, with a softmax over items of which each step sees some."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import recommending, scoring
from pipelines.tasks import recommendation
from pipelines.tasks.recommendation import _sampled

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from keras import layers

    from pipelines.models import sampled_softmax, scorers


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, _sampled.Config):
    """The shared settings, and those of the net."""

    hidden: int = setting(128, "units of the layer between", "units", low=1, high=4096)


class Neural(recommendation.Recommendation):
    """The mean of the vectors of a history through a hidden layer, and how near items are to it.

    The candidate net of the paper, with histories alone and one hidden layer.
    """

    Config = _Config
    paper = "Covington et al. 2016"

    def model(self, config):
        """history -> its mean vector -> hidden -> vector of the user -> scores."""
        inputs = scorers.history(recommending.items(config))
        x = _sampled.hidden_history(inputs, config)
        x = layers.Dense(config.width, use_bias=False, name="mean")(x)
        x = layers.Dense(config.hidden, activation="relu", name="hidden")(x)
        x = layers.Dense(config.width, name=scorers.BETWEEN)(x)
        layer = sampled_softmax.ItemVectors(**_sampled.given(config))
        scores = layer(x)
        layer.draw_by(recommending.counts(config))
        return scoring.trained(inputs, scores, "neural", config)
