"""A small dense net."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as shared
from pipelines.config import setting
from pipelines.families import labelled
from stranger.rings import Rings

with epy.lazy_imports():
    import keras


@dataclass(frozen=True, kw_only=True)
class _Config(labelled.Config, shared.Config):
    """The shared settings, those of the loss, and the net's own."""

    units: int = setting(16, "units of the hidden layer", "units", low=1)


class Dense(Rings):
    """Two dense layers."""

    Config = _Config

    def model(self, config):
        """{"point": float (B, 2)} -> logits (B, C), compiled."""
        point = keras.Input((2,), name="point")
        x = keras.layers.Dense(config.units, activation="relu", name="hidden")(point)
        logits = keras.layers.Dense(len(config.labels), name="logits")(x)
        return labelled.compiled(keras.Model({"point": point}, logits), config)
