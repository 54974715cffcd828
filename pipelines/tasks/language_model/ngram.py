"""Counted n-grams of characters or words, smoothed: a model without a net."""

import collections
import dataclasses
from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import text_cut, vocabulary
from pipelines.task import Phase
from pipelines.tasks import language_model

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import tensorflow as tf

    from pipelines.edge import ngram, text_ids
    from pipelines.models import fitted, smoothing
    from pipelines.tasks.language_model import _drawn

JUDGED = 64  # items that an example has
ORDERS = {"characters": 5, "words": 4, "tokens": 4}  # order=0


@dataclass(frozen=True, kw_only=True)
class _Config(text_cut.Config, settings.FittedConfig):
    """The shared settings, and those of the counts."""

    units: str = setting(
        "characters",
        "what is counted: characters; words, and marks by themselves; or tokens, which is what stands"
        " between spaces",
        choices=("characters", "words", "tokens"),
    )
    order: int = setting(
        0,
        "items of an n-gram, the predicted one included; 0 takes 5 characters, or 4 words",
        "items",
        low=0,
        high=8,
    )
    smoothing: str = setting(
        "kneser_ney",
        "how what was not seen gets a probability: modified Kneser-Ney, Witten-Bell, or 0.1 added to"
        " each count",
        choices=("kneser_ney", "witten_bell", "additive"),
    )
    min_count: int = setting(
        1, "times that training must have an item for it to be known", "times", low=1
    )


class NGram(language_model.LanguageModel):
    """The probability of an item after the n - 1 before it, by counting."""

    Config = _Config
    paper = "Chen & Goodman 1998"
    fitted = "ngram"

    def resolve(self, config, audit):
        """The order, if it is not set."""
        return config.replace(order=config.order or ORDERS[config.units])

    def learn(self, examples, config):
        """The items that training has; characters as code points, in increasing order."""
        seen = collections.Counter()
        for text in examples.columns["text"]:
            seen.update([*ngram.split(text, config.units), ngram.END])
        if config.units == ngram.CHARACTERS:
            codes = sorted(ord(item) for item, n in seen.items() if n >= config.min_count)
            return {"items": [str(code) for code in codes]}
        del seen[ngram.END]  # no line of a file can hold it, and it is known anyway
        seen.pop(ngram.MARK, None)
        return {"items": vocabulary.common(seen, config.min_count)}

    def expand(self, examples, config):
        """One example for each stretch of JUDGED items, with the items before it."""
        known = _vocabulary(config)
        names, where, rows, sizes = [], [], [], []
        for i, text in enumerate(examples.columns["text"]):
            ids, own = known.ids(text, config.order), ngram.sizes(text, config.units)
            for start in range(0, len(own), JUDGED):
                names.append(f"{examples.names[i]}+{start}" if start else examples.names[i])
                where.append(examples.where[i])
                stretch = ids[start : start + JUDGED + config.order - 1]
                rows.append(_filled(stretch, JUDGED + config.order - 1, ngram.NOTHING))
                sizes.append(_filled(own[start : start + JUDGED], JUDGED, 0))
        columns = {"ids": rows, "bytes": sizes}
        return dataclasses.replace(examples, names=names, where=where, columns=columns)

    def parse(self, example, config):
        """{"ids": (T + n - 1,), "bytes": (T,)} -> ({"ids"}, {"ids": (T,), "bytes"}), int32.

        Of the targets, ids are -1 and bytes 0 behind the end.
        """
        ids = tf.ensure_shape(tf.cast(example["ids"], tf.int32), (JUDGED + config.order - 1,))
        sizes = tf.ensure_shape(tf.cast(example["bytes"], tf.int32), (JUDGED,))
        return {"ids": ids}, {"ids": ids[config.order - 1 :], "bytes": sizes}

    def model(self, config):
        """Sorted n-grams of each order and their probabilities; see `edge.ngram`."""
        return fitted.Fitted(ngram.run)

    def phases(self, config):
        """One: the n-grams are counted."""

        def count(model, source):
            known = _vocabulary(config)
            texts = source.data.splits["train"].columns["text"]
            rows = [known.ids(text, config.order) for text in texts]
            model.assign(smoothing.counted(rows, config.order, len(known), config.smoothing))

        return [Phase("count", config, solve=count)]

    def _judged(self, columns, config):
        return [row[config.order - 1 :] for row in columns["ids"]]

    def device(self, config):
        """How many items an n-gram has, and what an item is."""
        return {"order": config.order, "units": config.units}

    def draw(self, inputs, decoded, config, targets=None):
        """The text, with the places that surprised the model most."""
        known = text_ids.opened(config.units, config.learned)
        ids = [int(i) for i in inputs["ids"][config.order - 1 :] if i >= 0]
        found = decoded["log_likelihood"][: len(ids)]
        return _drawn.surprising(known.pieces(ids, is_first=True), found)


def _vocabulary(config):
    items = config.learned["items"]
    return ngram.Vocabulary(config.units, items)


def _filled(values, length, filling):
    return [*values, *[filling] * (length - len(values))]
