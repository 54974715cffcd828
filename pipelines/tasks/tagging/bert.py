"""A pretrained BERT with letters and shapes of words, tags by a conditional random field."""

from pipelines.families.tagged import of_pieces
from pipelines.tasks import tagging


class Bert(of_pieces.OfPieces, tagging.Tagging):
    """A word has the features of its first piece."""
