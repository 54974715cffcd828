"""Two pictures through one net: pairs of a kind are drawn together, others pushed apart."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.tasks import metric_learning

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.losses import contrastive


@dataclass(frozen=True, kw_only=True)
class _Config(metric_learning.Config):
    """The settings of every embedding, and the margin."""

    margin: float = setting(
        1.0, "distance beyond which others are not pushed further apart", low=0.0, high=2.0
    )


class Siamese(metric_learning.MetricLearning):
    """The contrastive loss on all pairs that a batch offers."""

    Config = _Config
    paper = "Hadsell et al. 2006"

    def _loss(self, config):
        return contrastive.Contrastive(config.embedding_size, config.margin)
