"""What RNN, LSTM and GRU share: settings, and the net but for its cell."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.tasks.language_model import _neural

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import tensorflow as tf

    from pipelines.models import language


@dataclass(frozen=True, kw_only=True)
class Config(_neural.Config):
    """The settings of windows, and those of the recurrent layers."""

    hidden: int = setting(256, "units of a layer", "units", low=1, high=8192)
    depth: int = setting(1, "layers on top of each other", "layers", low=1, high=64)
    carry: bool = setting(
        True,
        "whether training goes on from the state that the batch before has left; false shuffles the"
        " windows, and each begins with zeros, as it does if there are no more windows than batch_size",
    )
    jit_compile: str = setting(
        "auto",
        "XLA compilation of the step; TensorFlow cannot compile loops over items",
        choices=("auto", "off"),
    )


class Recurrent(_neural.Neural):
    """A net whose state holds what it has read."""

    def continues(self, config):
        """Whether the batches follow each other in the text."""
        return config.carry

    def begin(self, inputs, is_first, config):
        """The first id of a row that has no past is -1, by which the net begins with zeros."""
        ids = inputs["ids"]
        first = tf.where(is_first, _neural.NOTHING, ids[:, 0])
        return {"ids": tf.concat([first[:, None], ids[:, 1:]], 1)}

    def augment(self, inputs, targets, seed, progress, config):
        """Nothing is changed; if states are carried over, windows do not overlap."""
        if not config.carry:
            return super().augment(inputs, targets, seed, progress, config)
        first = tf.argmax(targets["ids"] >= 0, 1, tf.int32)[:, None]
        places = first + tf.range(config.length)[None]
        cut = {name: _at(values, places) for name, values in targets.items()}
        ids = tf.concat([_at(inputs["ids"], first), cut["ids"]], 1)
        return {"ids": ids}, cut

    def _body(self, config):
        return language.Recurrence(
            self.name,
            config.hidden,
            config.depth,
            config.dropout,
            rows=config.batch_size if config.carry else 0,
            seed=config.seed,
            name="body",
        )


def _at(values, places):
    """Of each row (B, N) its values at `places` (B, T)."""
    return tf.gather(values, places, batch_dims=1)
