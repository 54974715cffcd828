"""Counted words or characters and a linear model of them, found at once: no net, no weights to download."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import counted, labelled
from pipelines.tasks import text_classification

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.edge import terms, words

ORDERS = {"words": 2, "characters": 4}  # order=0


@dataclass(frozen=True, kw_only=True)
class _Config(text_classification.Config, counted.Config, labelled.Answers, settings.FittedConfig):
    """The settings of the texts, and those of the terms and their weights."""

    units: str = setting("words", "what a term is made of", choices=("words", "characters"))
    order: int = setting(
        0, "items of the longest term; 0 takes 2 words, or 4 characters", "items", low=0, high=8
    )
    max_length: int = setting(
        0,
        "different terms that are read of a text; 0 follows the data, up to 4,096",
        "terms",
        low=0,
        high=100_000,
    )


class BagOfWords(text_classification.TextClassification):
    """The sum of what each term says for each class."""

    Config = _Config
    paper = "Wang & Manning 2012"
    _inputs = counted.INPUTS
    _unit = "terms"
    _longest = 4096
    _is_windowed = False

    def resolve(self, config, data):
        """Settings that follow from the data, and what stands for `auto`."""
        return super().resolve(
            config.replace(order=_order(config), head=counted.head(config)), data
        )

    def learn(self, examples, config):
        """The terms that training has, those of most texts first."""
        rows = (
            terms.runs(items, config.units, config.order) for items in examples.columns["items"]
        )
        return counted.learned(rows, config)

    def model(self, config):
        """{"terms", "counts": int32 (B, T)} -> logits (B, C)."""
        return counted.model(config, self.task)

    def phases(self, config):
        """One, found at once."""
        return counted.phases(config)

    def device(self, config):
        """Besides, what terms are made of."""
        return {**super().device(config), "units": config.units, "order": config.order}

    def _items(self, config):
        return lambda text: terms.items(text, config.units)

    def _places(self, items, config):
        return items * _order(config)

    def _count(self, items, config):
        """The different terms, which are counted if there may be too many."""
        most = len(items) * _order(config)
        if most <= self._room(config):
            return most
        return len(set(terms.runs(items, config.units, _order(config))))

    def _read(self, inputs, config):
        """The terms of one item, which come first, in the order of the text."""
        known = [config.learned["terms"][i - words.FIRST] for i in inputs["terms"] if i]
        if config.units == "words":
            return " ".join(term for term in known if " " not in term)
        return " ".join(term for term in known if len(term) == config.order)


def _order(config):
    return config.order or ORDERS[config.units]
