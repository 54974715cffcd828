"""A long short-term memory, whose gates keep what was read long ago."""

from pipelines.tasks.language_model import _recurrent


class LSTM(_recurrent.Recurrent):
    """The cell of Hochreiter & Schmidhuber 1997, with a forget gate."""

    Config = _recurrent.Config
    paper = "Hochreiter & Schmidhuber 1997; Gers et al. 2000"
