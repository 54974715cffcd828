"""A net that learns from triplets: an anchor, one of its kind, and one of another (FaceNet)."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.tasks import metric_learning

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.losses import triplet


@dataclass(frozen=True, kw_only=True)
class _Config(metric_learning.Config):
    """The settings of every embedding, and those of the loss."""

    margin: float = setting(
        0.2,
        "squared distance by which an example should lie nearer to its kind than to others",
        low=0.0,
        high=4.0,
    )
    mining: str = setting(
        "semi_hard",
        "triplets of a batch that count; batch_hard collapses if it begins with random weights",
        choices=("semi_hard", "batch_all", "batch_hard"),
    )


class Triplet(metric_learning.MetricLearning):
    """The triplet loss on all triplets that a batch offers."""

    Config = _Config
    paper = "Schroff et al. 2015"

    def _loss(self, config):
        return triplet.Triplet(config.embedding_size, config.margin, config.mining)
