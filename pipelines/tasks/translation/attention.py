"""A recurrent net that looks at the source as it writes: Bahdanau's attention, or Luong's."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.tasks.translation import _recurrent

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import recurrent_writing


@dataclass(frozen=True, kw_only=True)
class _Config(_recurrent.Config):
    """The settings of recurrent nets, and the kind of attention."""

    attention: str = setting(
        "luong",
        "luong looks after the recurrence, for all items at once; bahdanau before each step, which"
        " takes longer",
        choices=("luong", "bahdanau"),
    )


class Attention(_recurrent.Recurrent):
    """An encoder in both directions, and a decoder that looks at all of its states."""

    Config = _Config
    paper = "Bahdanau et al. 2014, Luong et al. 2015"

    def _writer(self, config, shared):
        own = {"cell": config.cell, "units": config.units, "attention": config.attention}
        return recurrent_writing.RecurrentWriter(**own, **shared)
