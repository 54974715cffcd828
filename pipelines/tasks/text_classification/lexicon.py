"""Words that speak well or badly, and rules of the words around them: nothing is trained."""

import math
from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.task import Phase
from pipelines.tasks import text_classification

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.edge import lexicon as edge
    from pipelines.edge import words
    from pipelines.formats import _lexicon
    from pipelines.models import fitted

SIDES = {"positive": 1, "negative": -1, "neutral": 0}
SHORT = 3  # letters by which a label is known for one of them


@dataclass(frozen=True, kw_only=True)
class _Config(text_classification.Config, settings.FittedConfig):
    """The settings of the texts, and those of the lexicon."""

    lexicon: str = setting(
        "vader",
        "vader, the lexicon of the package vaderSentiment, or a file: a word, a tab and a number a"
        " line",
    )
    positive: str = setting("", "the label of praise; empty takes one that begins with pos")
    negative: str = setting("", "the label of blame; empty takes one that begins with neg")
    neutral: str = setting(
        "", "the label of neither, if there is one; empty takes one that begins with neu"
    )
    max_length: int = setting(
        0,
        "words that are read of a text; 0 follows the data, up to 4,096",
        "words",
        low=0,
        high=100_000,
    )


class Lexicon(text_classification.TextClassification):
    """The values of words, changed by capitals, degree adverbs, negation, "but" and marks."""

    Config = _Config
    paper = "Hutto & Gilbert 2014"
    data = "opinions"
    fitted = "lexicon"
    _inputs = ("words", "capitals", "exclaims", "questions")
    _longest = 4096
    _is_windowed = False

    def resolve(self, config, data):
        """How much is read of a text, and which label is which."""
        length = config.max_length
        if not length:
            step = text_classification.STEP
            places = math.ceil(data.longest.get("items", 0) / step) * step
            length = min(self._longest, max(step, places))
        _sides(config)
        return config.replace(max_length=length)

    def learn(self, examples, config):
        """The words of the lexicon and of the rules, and `values`, 0 of the latter."""
        known = _lexicon.read(config.lexicon)
        names = [*known, *(word for word in edge.RULES if word not in known)]
        values = np.array([known.get(name, 0.0) for name in names])
        return {"lexicon": names, "values": values}

    def model(self, config):
        """Values and signs of words; see `edge.lexicon`."""
        return fitted.Fitted(edge.run)

    def phases(self, config):
        """One: the words are looked up."""

        def look_up(model, source):
            learned = config.learned
            model.assign(edge.arrays(learned["lexicon"], learned["values"], _sides(config)))

        return [Phase("look up", config, solve=look_up)]

    def decode(self, outputs, config):
        """As they are."""
        return outputs

    def _items(self, config):
        return edge.items

    def _read(self, inputs, config):
        """The words that have a value; the others are of no account."""
        names = config.learned["lexicon"]
        return " ".join(names[i - words.FIRST] for i in inputs["words"] if i >= words.FIRST) or "…"


def _sides(config):
    """-1, 0 or 1 of each label. Raises PipelineError if a label is none of the three."""
    found = {}
    for side, sign in SIDES.items():
        named = getattr(config, side)
        for label in config.labels:
            is_like = not named and label.lower().startswith(side[:SHORT])
            if label == named or is_like:
                found[label] = sign
    missing = [label for label in config.labels if label not in found]
    if missing or not {1, -1} <= set(found.values()):
        raise PipelineError(
            "lexicon needs labels of praise and blame; got"
            f" {', '.join(config.labels) or 'none'}. Say which is which with positive=LABEL and"
            " negative=LABEL, or choose another method."
        )
    return [found[label] for label in config.labels]
