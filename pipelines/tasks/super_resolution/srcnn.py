"""Three convolutions on the bicubic answer: the first net for super-resolution."""

from dataclasses import dataclass
from typing import ClassVar

from pipelines.config import setting
from pipelines.tasks import super_resolution


@dataclass(frozen=True, kw_only=True)
class _Config(super_resolution.Config):
    """The settings of super-resolution, and the size of the net."""

    width: int = setting(64, "channels", "channels", low=1, high=512)
    depth: ClassVar[int] = 3


class SRCNN(super_resolution.SuperResolution):
    """See `models.super_resolution.srcnn`."""

    Config = _Config
    paper = "Dong et al. 2014"
    _generator = "srcnn"
