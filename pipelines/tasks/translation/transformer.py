"""A Transformer: attention in place of recurrence, so that all items are learned at once."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.tasks import translation

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import attending_writing


@dataclass(frozen=True, kw_only=True)
class _Config(translation.Config):
    """The settings of translation, and those of the blocks."""

    learning_rate: float = setting(1e-3, "peak learning rate", low=0.0, high=10.0)
    depth: int = setting(3, "blocks of the encoder, and of the decoder", "blocks", low=1, high=48)
    heads: int = setting(4, "heads of attention of a block", "heads", low=1, high=128)


class Transformer(translation.Translation):
    """An encoder and a decoder of blocks, with norms before the sublayers."""

    Config = _Config
    paper = "Vaswani et al. 2017"

    def resolve(self, config, audit):
        """Nothing follows from the data. Raises PipelineError if heads do not divide the width."""
        if config.width % config.heads:
            raise PipelineError(
                f"width must be a multiple of heads={config.heads}; got {config.width}."
            )
        return config

    def _writer(self, config, shared):
        own = {"depth": config.depth, "heads": config.heads}
        return attending_writing.AttendingWriter(**own, **shared)
