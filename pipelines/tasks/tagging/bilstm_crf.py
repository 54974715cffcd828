"""A bidirectional LSTM over words, their letters and their shape, tags by a conditional random
field."""

from pipelines.families.tagged import of_words
from pipelines.tasks import tagging


class BiLSTMCRF(of_words.OfWords, tagging.Tagging):
    """Lample et al. 2016, with letters as in Ma & Hovy 2016."""
