"""Tags by a bidirectional LSTM over words, their letters and their shape."""

import collections
from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.families import duration, tagged, vocabulary

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines import optimization
    from pipelines.edge import words
    from pipelines.models import tagger


READ = 40_000  # sentences, again and again


@dataclass(frozen=True, kw_only=True)
class Config(vocabulary.Config, tagged.NetSettings, settings.Config):
    """The shared settings, and those of words that are learned from random or given vectors."""


class OfWords(tagged.Tagged):
    """Lample et al. 2016, with letters as in Ma & Hovy 2016."""

    Config = Config
    paper = "Lample et al. 2016; Ma & Hovy 2016"

    def resolve(self, config, data):
        """Besides, how long a training is."""
        made = super().resolve(config, data)
        return made.replace(**duration.found(made, data.counts["train"], READ))

    def learn(self, examples, config):
        """The words, letters and shapes that are known, and the spans of training as hashes.

        Besides, `counts`, int32, how often training has each id of a word, and the word vectors to
        begin with.
        """
        seen = collections.Counter()
        for tokens in examples.columns["tokens"]:
            seen.update(words.normal(token) for token in tokens)
        own = vocabulary.known(seen, config)
        counts = [0] * words.FIRST + [seen[word] for word in own["words"]]
        found = super().learn(examples, config)
        return {**found, **own, "counts": np.array(counts, np.int32)}

    def augment(self, inputs, targets, seed, progress, config):
        """Makes words unknown at random; see `vocabulary.dropped`."""
        inputs = {**inputs, "words": vocabulary.dropped(inputs["words"], seed, config)}
        return super().augment(inputs, targets, seed, progress, config)

    def model(self, config):
        """{"words", "shapes": (B, T), "letters": (B, T, L)} -> {"emissions": (B, T, K), "mask",
        "scores"}."""
        inputs = self._inputs(config)
        features = tagger.word_features(inputs, tagged.sizes(config.learned), config)
        net = self._net(inputs, features, config)
        optimization.compile(net, config)
        return net

    def device(self, config):
        """Besides, how many letters of a word are read."""
        return {**super().device(config), "word_length": config.word_length}

    def _shapes(self, config):
        size = self._size(config)
        letters = (size, config.word_length)
        return {"words": (size,), "shapes": (size,), "letters": letters}
