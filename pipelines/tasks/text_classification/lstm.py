"""A bidirectional LSTM over the words, whose largest states are the text's features."""

from pipelines.tasks.text_classification import _recurrent


class LSTM(_recurrent.Recurrent):
    """The cell of Hochreiter & Schmidhuber 1997."""

    Config = _recurrent.Config
    paper = "Hochreiter & Schmidhuber 1997"
