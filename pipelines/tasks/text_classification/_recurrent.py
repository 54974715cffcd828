"""What LSTM and GRU share: settings, and the net but for its cell."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.tasks.text_classification import _words

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from keras import layers

    from pipelines.models import text


@dataclass(frozen=True, kw_only=True)
class Config(_words.Config):
    """The settings of words, and those of the recurrent layers."""

    units: int = setting(100, "units of a layer in each direction", "units", low=1, high=4096)
    depth: int = setting(1, "bidirectional layers on top of each other", "layers", low=1, high=64)
    jit_compile: str = setting(
        "auto",
        "XLA compilation of the step; TensorFlow cannot compile loops over words",
        choices=("auto", "off"),
    )


class Recurrent(_words.WordNet):
    """A bidirectional recurrent net over the words."""

    def unsupported(self, config):
        """No model has an int8 file: TensorFlow's converter dies of calibrating a loop."""
        reason = "calibrating a loop over words ends TensorFlow's converter"
        return {"int8": f"{reason}; dynamic has weights in int8, too"}

    def _features(self, x, ids, config):
        def dropout(features, name):
            return layers.Dropout(config.dropout, seed=config.seed + 2, name=name)(features)

        x = dropout(x, "words_dropout")
        return text.recurrent(x, ids, self.name, config.units, config.depth, dropout)
