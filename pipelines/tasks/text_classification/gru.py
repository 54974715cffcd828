"""A bidirectional GRU over the words, whose largest states are the text's features."""

from pipelines.tasks.text_classification import _recurrent


class GRU(_recurrent.Recurrent):
    """The cell of Cho et al. 2014."""

    Config = _recurrent.Config
    paper = "Cho et al. 2014"
