"""A small net of 3 x 3 convolutions and a pixel shuffle, quick enough for a phone."""

from dataclasses import dataclass

from pipelines.config import setting
from pipelines.tasks import super_resolution


@dataclass(frozen=True, kw_only=True)
class _Config(super_resolution.Config):
    """The settings of super-resolution, and the size of the net."""

    width: int = setting(32, "channels", "channels", low=1, high=512)
    depth: int = setting(10, "convolutions", "layers", low=1, high=64)


class Fast(super_resolution.SuperResolution):
    """See `models.super_resolution.fast`."""

    Config = _Config
    paper = "Shi et al. 2016; Lim et al. 2017"
    _generator = "fast"
