"""Items whose texts are alike to those of the history: it knows items that nobody has rated."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import recommending, scoring
from pipelines.task import Phase
from pipelines.tasks import recommendation

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import item_texts, scorers


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, settings.FittedConfig):
    """The shared settings, and that of the words."""

    words: int = setting(
        1000, "words that are known, the most frequent ones", "words", low=1, high=50_000
    )


class Content(recommendation.Recommendation):
    """The cosine of TF-IDF vectors of titles and texts, summed over the history."""

    Config = _Config
    paper = "Pazzani & Billsus 2007"

    def check(self, examples, config):
        """Raises PipelineError if no item has a text, or if no text has a word."""
        item_texts.check(config.learned, config.words, self.name)

    def model(self, config):
        """Two matrices: items x words, and words x items."""
        count = recommending.items(config)
        inputs = scorers.history(count)
        width = item_texts.width(config.learned, config.words)
        return scoring.net(inputs, scorers.two_matrices(inputs, width), "content")

    def phases(self, config):
        """One: the words are counted."""

        def solve(net, source):
            vectors = item_texts.vectors(config.learned, config.words)
            scorers.assign(net, [vectors, vectors.T])

        return [Phase("count", config, solve=solve)]
