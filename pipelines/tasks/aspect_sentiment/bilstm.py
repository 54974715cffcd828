"""A bidirectional LSTM that finds aspects and their polarities in one pass."""

from dataclasses import dataclass

from pipelines.families.tagged import of_words
from pipelines.tasks import aspect_sentiment


@dataclass(frozen=True, kw_only=True)
class _Config(aspect_sentiment.Found, of_words.Config):
    """The shared settings, and those of tags."""


class BiLSTM(of_words.OfWords, aspect_sentiment.AspectSentiment):
    """Tags of words by a conditional random field, as in tagging."""

    Config = _Config
