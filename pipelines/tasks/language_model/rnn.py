"""A recurrent net whose state is one layer of tanh."""

from pipelines.tasks.language_model import _recurrent


class RNN(_recurrent.Recurrent):
    """The simple net of Elman 1990, with the state as its output."""

    Config = _recurrent.Config
    paper = "Elman 1990"
