"""A Transformer that attends to what stands before: the shape of GPT-2, by settings."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.tasks.language_model import _neural

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import transformer


@dataclass(frozen=True, kw_only=True)
class _Config(_neural.Config):
    """The settings of windows, and those of the blocks; the context is overlap and length."""

    learning_rate: float = setting(2e-3, "peak learning rate", low=0.0, high=10.0)
    length: int = setting(64, "items of a window that are predicted", "items", low=1, high=100_000)
    depth: int = setting(4, "blocks on top of each other", "blocks", low=1, high=96)
    heads: int = setting(4, "heads of attention of a block", "heads", low=1, high=128)


class GPT(_neural.Neural):
    """A decoder-only Transformer; GPT-2's smallest is width=768, depth=12, heads=12."""

    Config = _Config
    paper = "Radford et al. 2019"

    def resolve(self, config, audit):
        """Nothing follows from the data. Raises PipelineError if the heads do not divide the width."""
        if config.width % config.heads:
            raise PipelineError(
                f"width must be a multiple of heads={config.heads}; got {config.width}."
            )
        return config

    def _context(self, config):
        return config.overlap + config.length

    def _body(self, config):
        return transformer.Decoder(
            self._context(config),
            config.width,
            config.depth,
            config.heads,
            config.dropout,
            config.seed,
            name="body",
        )
