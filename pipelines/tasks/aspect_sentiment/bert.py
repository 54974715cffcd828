"""A pretrained BERT that finds aspects and their polarities in one pass."""

from dataclasses import dataclass

from pipelines.families.tagged import of_pieces
from pipelines.tasks import aspect_sentiment


@dataclass(frozen=True, kw_only=True)
class _Config(aspect_sentiment.Found, of_pieces.Config):
    """The shared settings, and those of tags."""


class Bert(of_pieces.OfPieces, aspect_sentiment.AspectSentiment):
    """Tags of words, each with the features of its first piece."""

    Config = _Config
