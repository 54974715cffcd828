"""What nets share that learn by a softmax over some of the items."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import recommending

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from keras import layers

    from pipelines.models import scorers


@dataclass(frozen=True, kw_only=True)
class Config(settings.Config):
    """Settings of such a net."""

    epochs: int = setting(60, "passes over the training split", "epochs", low=1)
    monitor: str = setting(
        "val_ndcg_at_10",
        "what decides which epoch is kept: val_loss or val_ and a metric's name",
    )
    width: int = setting(64, "numbers of each user and each item", "numbers", low=1, high=1024)
    dropout: float = setting(0.5, "share of a history that is hidden", low=0.0, high=0.95)
    sampled: int = setting(
        2000, "items that a step looks at; all, if there are no more", "items", low=2, high=200_000
    )


def hidden_history(inputs, config):
    """A history of length one, of which a part is hidden in training: (B, I)."""
    x = layers.UnitNormalization(name="length_one")(inputs)
    return layers.Dropout(config.dropout, seed=config.seed + 1, name="dropout")(x)


def given(config):
    """What a layer of `sampled_softmax` is made with."""
    return {
        "items": recommending.items(config),
        "sampled": config.sampled,
        "seed": config.seed + 2,
        "name": scorers.SCORES,
    }
