"""What the recurrent methods share: their settings."""

from dataclasses import dataclass

from pipelines.config import setting
from pipelines.tasks import translation


@dataclass(frozen=True, kw_only=True)
class Config(translation.Config):
    """The settings of translation, and those of the recurrent layers."""

    cell: str = setting("gru", "kind of recurrent layer", choices=("gru", "lstm"))
    units: int = setting(256, "units of a recurrent layer", "units", low=1, high=8192)


class Recurrent(translation.Translation):
    """A net of recurrent layers."""

    Config = Config
