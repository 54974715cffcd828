"""A gated recurrent unit: as LSTM, with two gates and one state."""

from pipelines.tasks.language_model import _recurrent


class GRU(_recurrent.Recurrent):
    """The cell of Cho et al. 2014."""

    Config = _recurrent.Config
    paper = "Cho et al. 2014"
