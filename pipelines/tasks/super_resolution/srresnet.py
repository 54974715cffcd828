"""A deep residual net, trained by pixel loss: the generator of SRGAN."""

from dataclasses import dataclass

from pipelines.config import setting
from pipelines.tasks import super_resolution


@dataclass(frozen=True, kw_only=True)
class _Config(super_resolution.Config):
    """The settings of super-resolution, and the size of the net."""

    width: int = setting(64, "channels", "channels", low=1, high=512)
    depth: int = setting(16, "residual blocks", "layers", low=1, high=64)


class SRResNet(super_resolution.SuperResolution):
    """See `models.super_resolution.srresnet`."""

    Config = _Config
    paper = "Ledig et al. 2017"
    _generator = "srresnet"
