"""A net on the vectors of the last items: the first neural language model."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.tasks.language_model import _neural

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import language


@dataclass(frozen=True, kw_only=True)
class _Config(_neural.Config):
    """The settings of windows, and those of the hidden layer."""

    order: int = setting(
        8, "items of an n-gram, the predicted one included", "items", low=2, high=1024
    )
    hidden: int = setting(512, "units of the hidden layer", "units", low=1, high=65_536)
    overlap: int = setting(
        16,
        "items before these that a window reads as well, so that few are judged without a past",
        "items",
        low=0,
        high=100_000,
    )


class Feedforward(_neural.Neural):
    """One hidden layer of tanh over the vectors of the last items.

    Deviation: the output has the weights of the vectors, by way of a linear layer, if `tied` says
    so; there are no direct connections.
    """

    Config = _Config
    paper = "Bengio et al. 2003"

    def _body(self, config):
        return language.LastItems(
            config.hidden, config.width, config.order - 1, config.dropout, config.seed, name="body"
        )
