"""Mult-DAE: a denoising autoencoder of histories, in Keras."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import recommending, scoring
from pipelines.tasks import recommendation
from pipelines.tasks.recommendation import _sampled

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from keras import layers

    from pipelines.models import scorers


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, settings.Config):
    """The shared settings, and those of the net."""

    epochs: int = setting(60, "passes over the training split", "epochs", low=1)
    monitor: str = setting(
        "val_ndcg_at_10",
        "what decides which epoch is kept: val_loss or val_ and a metric's name",
    )
    width: int = setting(200, "units of the hidden layer", "units", low=1, high=4096)
    dropout: float = setting(0.5, "share of a history that is hidden", low=0.0, high=0.95)


class MultDAE(recommendation.Recommendation):
    """A history, of which half is hidden, through a hidden layer back to all of it.

    One hidden layer with tanh, the history scaled to length one, and a multinomial loss, as in the
    paper; its annealed variational variant is left out.
    """

    Config = _Config
    paper = "Liang et al. 2018"

    def model(self, config):
        """history -> length one -> dropout -> tanh -> logits of all items."""
        inputs = scorers.history(recommending.items(config))
        x = _sampled.hidden_history(inputs, config)
        x = layers.Dense(config.width, activation="tanh", name=scorers.BETWEEN)(x)
        scores = layers.Dense(inputs.shape[-1], dtype="float32", name=scorers.SCORES)(x)
        return scoring.trained(inputs, scores, "mult_dae", config)
