"""Filters over the vectors of neighbouring words, of which the largest answer anywhere counts."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.tasks.text_classification import _words

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.models import text


@dataclass(frozen=True, kw_only=True)
class _Config(_words.Config):
    """The settings of words, and those of the filters."""

    widths: tuple[int, ...] = setting((3, 4, 5), "words that a filter sees", "words", low=1, high=9)
    filters: int = setting(100, "filters of each width", "filters", low=1, high=4096)


class CNN(_words.WordNet):
    """Kim 2014; vectors from random, or given and fixed or trained (`vectors`, `train_vectors`)."""

    Config = _Config
    paper = "Kim 2014"

    def _features(self, x, ids, config):
        return text.convolved(x, ids, config.widths, config.filters)
