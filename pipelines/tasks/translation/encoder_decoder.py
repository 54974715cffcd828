"""A recurrent net that reads the source backwards and writes from its last state alone."""

from etils import epy

from pipelines.tasks.translation import _recurrent

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import recurrent_writing


class EncoderDecoder(_recurrent.Recurrent):
    """All that is known of a sentence goes through one vector."""

    paper = "Sutskever et al. 2014"
    _looks = False

    def _writer(self, config, shared):
        own = {"cell": config.cell, "units": config.units}
        return recurrent_writing.RecurrentWriter(**own, **shared)
