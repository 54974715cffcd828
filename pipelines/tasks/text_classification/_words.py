"""What nets on word vectors share: settings, vocabulary, rare words made unknown, the head."""

import collections
from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import labelled, target_kinds, vocabulary
from pipelines.tasks import text_classification

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np

    from pipelines.edge import terms, words
    from pipelines.models import text

UNKNOWN = "…"  # shown for a word that the model does not know


@dataclass(frozen=True, kw_only=True)
class Config(
    text_classification.Config,
    target_kinds.Config,
    vocabulary.Config,
    labelled.Config,
    settings.Config,
):
    """The shared settings, and those of words and their vectors."""

    epochs: int = setting(15, "passes over the training split", "epochs", low=1)
    patience: int = setting(
        3,
        "stop after this many epochs without a better `monitor`; 0 never stops early",
        "epochs",
        low=0,
    )
    clip_norm: float = setting(5.0, "clip the global gradient norm; 0 is off", low=0.0)
    dropout: float = setting(
        0.5, "share of features dropped before the last layer", low=0.0, high=0.95
    )
    train_vectors: bool = setting(True, "whether training changes the vectors of words")
    max_length: int = setting(
        0,
        "words that are read of a text; 0 follows the data, up to 512",
        "words",
        low=0,
        high=100_000,
    )


class WordNet(text_classification.TextClassification):
    """A net on the vectors of a text's words."""

    _answers = (target_kinds.CLASS, target_kinds.LABELS, target_kinds.NUMBERS)

    def learn(self, examples, config):
        """The words that are known, `counts` of each id in training, and vectors to begin with."""
        seen = collections.Counter()
        for items in examples.columns["items"]:
            seen.update(items)
        own = vocabulary.known(seen, config)
        counts = [0] * words.FIRST + [seen[word] for word in own["words"]]
        return {**super().learn(examples, config), **own, "counts": np.array(counts, np.int32)}

    def augment(self, inputs, targets, seed, progress, config):
        """Makes words unknown at random, see `vocabulary.dropped`, and cuts the batch."""
        ids = vocabulary.dropped(inputs["words"], seed, config)
        return super().augment({"words": ids}, targets, seed, progress, config)

    def model(self, config):
        """{"words": int32 (B, T)} -> outputs of `labelled.ended`, compiled."""
        ids = keras.Input((None,), dtype="int32", name="words")
        size = words.FIRST + len(config.learned["words"])
        vectors = config.learned.get("vectors")
        x = text.embedded(ids, size, config.word_size, vectors, config.train_vectors)
        x = self._features(x, ids, config)
        net = keras.Model({"words": ids}, labelled.ended(x, config), name=self.task)
        return labelled.compiled(net, config)

    def _features(self, x, ids, config):
        """Vectors (B, T, D), ids (B, T) -> features of the text (B, F)."""
        raise NotImplementedError

    def _items(self, config):
        return lambda given: terms.items(given, terms.WORDS)

    def _read(self, inputs, config):
        names = config.learned["words"]
        ids = [i for i in inputs["words"] if i]
        return " ".join(names[i - words.FIRST] if i >= words.FIRST else UNKNOWN for i in ids)
