"""Counted words of a text and around an aspect you name, and a linear model of them: the baseline."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import counted, labelled
from pipelines.tasks import aspect_sentiment
from pipelines.tasks.aspect_sentiment import _given

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.edge import given_aspects as edge
    from pipelines.edge import words


@dataclass(frozen=True, kw_only=True)
class _Config(aspect_sentiment.Polarities, counted.Config, labelled.Answers, settings.FittedConfig):
    """The settings of polarities, and those of terms and their weights."""

    near: int = setting(
        5, "words on either side of the aspect that count as near it", "words", low=0, high=1000
    )
    max_length: int = setting(
        0,
        "different terms that are read of a text; 0 follows the data, up to 4,096",
        "terms",
        low=0,
        high=100_000,
    )


class CountedWords(_given.Given):
    """Words and pairs of the text, words near the aspect, and its own words."""

    Config = _Config
    paper = "Kiritchenko et al. 2014"
    _inputs = counted.INPUTS

    def resolve(self, config, data):
        """Settings that follow from the data, and what stands for `auto`."""
        return super().resolve(config.replace(head=counted.head(config)), data)

    def learn(self, examples, config):
        """The terms that training has, those of most texts first."""
        rows = map(_given.read, examples.columns["text"])
        return counted.learned((edge.around(*row, config.near) for row in rows), config)

    def model(self, config):
        """{"terms", "counts": int32 (B, T)} -> logits (B, C)."""
        return counted.model(config, self.task)

    def phases(self, config):
        """One, found at once."""
        return counted.phases(config)

    def device(self, config):
        """Besides, how many words are near."""
        return {**super().device(config), "near": config.near}

    def _room(self, count, config):
        return count * 3 + config.near * 2

    def _read(self, inputs, config):
        """The words of the text, which come first and in its order, without those of the aspect."""
        terms = [config.learned["terms"][i - words.FIRST] for i in inputs["terms"] if i]
        own = [term[1:] for term in terms if term[0] == "=" and len(term) > 1]
        single = [term for term in terms if " " not in term and term[0] not in "~="]
        at = single.index(own[0]) if own and own[0] in single else len(single)
        rest = [word for word in single[at:] if word not in own]
        return " ".join(single[:at]), " ".join(own) or "…", " ".join(rest)
