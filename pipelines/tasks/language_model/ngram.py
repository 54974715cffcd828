"""Counted characters: n-grams with interpolated Witten-Bell smoothing, a model without a net."""

import collections
import dataclasses
from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.task import Phase
from pipelines.tasks import language_model

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines.edge import ngram
    from pipelines.models import fitted

JUDGED = 64  # characters that an example has
LARGEST = 2**62  # numbers of n-grams are int64


@dataclass(frozen=True, kw_only=True)
class _Config(settings.FittedConfig):
    """The shared settings, and those of the counts."""

    order: int = setting(
        3, "characters of an n-gram, the predicted one included", "characters", low=1, high=8
    )


class NGram(language_model.LanguageModel):
    """The probability of a character after the n - 1 before it, by counting."""

    Config = _Config
    paper = "Witten & Bell 1991"
    fitted = "ngram"

    def learn(self, examples, config):
        """The code points of the characters that training has, in increasing order."""
        seen = collections.Counter()
        for text in examples.columns["text"]:
            seen.update(text)
        seen.update(ngram.END)
        characters = sorted(map(ord, seen))
        if (len(characters) + ngram.FIRST) ** config.order > LARGEST:
            raise PipelineError(
                f"order must be smaller for {len(characters):,} different characters; got"
                f" {config.order}."
            )
        return {"characters": [str(code) for code in characters]}

    def expand(self, examples, config):
        """One example for each stretch of JUDGED characters, with the characters before it."""
        characters = ngram.codes(config.learned)
        names, where, rows = [], [], []
        for i, text in enumerate(examples.columns["text"]):
            ids = ngram.ids(text, characters, config.order)
            for start in range(0, len(ids) - config.order + 1, JUDGED):
                names.append(f"{examples.names[i]}+{start}" if start else examples.names[i])
                where.append(examples.where[i])
                stretch = ids[start : start + JUDGED + config.order - 1]
                filling = JUDGED + config.order - 1 - len(stretch)
                rows.append([*stretch, *[ngram.NOTHING] * filling])
        return dataclasses.replace(examples, names=names, where=where, columns={"ids": rows})

    def parse(self, example, config):
        """{"ids": (T + n - 1,)} -> ({"ids": the same, int32}, {"ids": int32 (T,), -1 behind the end})."""
        ids = tf.ensure_shape(tf.cast(example["ids"], tf.int32), (JUDGED + config.order - 1,))
        return {"ids": ids}, {"ids": ids[config.order - 1 :]}

    def model(self, config):
        """Sorted n-grams of each order and their counts; see `edge.ngram`."""
        return fitted.Fitted(ngram.run)

    def phases(self, config):
        """One: the n-grams are counted."""

        def count(model, source):
            characters, rows = ngram.codes(config.learned), []
            for text in source.data.splits["train"].columns["text"]:
                rows.append(ngram.ids(text, characters, config.order))
            model.assign(ngram.counted(rows, characters, config.order))

        return [Phase("count", config, solve=count)]

    def device(self, config):
        """How many characters an n-gram has."""
        return {"order": config.order}

    def draw(self, inputs, decoded, config, targets=None):
        """The text, and its characters that surprised the model most."""
        characters = ngram.codes(config.learned)
        ids = [int(i) for i in inputs["ids"][config.order - 1 :] if i >= 0]
        text = ngram.text(ids, characters)
        surprise = -decoded["log_likelihood"][: len(text)] / np.log(2)
        most = sorted(range(len(text)), key=lambda i: -surprise[i])[:5]
        listed = ", ".join(f"{text[i]!r} {surprise[i]:.1f} bits" for i in most)
        return f"{text}\nmost surprising: {listed}"
