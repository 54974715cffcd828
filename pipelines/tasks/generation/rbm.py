"""A restricted Boltzmann machine: pixels and hidden units that attract or repel each other."""

from dataclasses import dataclass

from pipelines.config import setting
from pipelines.tasks.generation import _boltzmann


@dataclass(frozen=True, kw_only=True)
class _Config(_boltzmann.Config):
    """The settings of a machine, and what its pixels are."""

    visible: str = setting(
        "bernoulli",
        "what a pixel is: 0 or 1 by `threshold`, or a number around a mean",
        choices=("bernoulli", "gaussian"),
    )


class RBM(_boltzmann.Boltzmann):
    """Trained by contrastive divergence, by default with chains that persist (Tieleman 2008)."""

    Config = _Config
    paper = "Hinton 2002; Tieleman 2008"

    def _is_gaussian(self, config):
        return config.visible == "gaussian"
