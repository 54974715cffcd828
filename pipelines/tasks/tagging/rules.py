"""Patterns and lists of phrases, of a file and of training: no net."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import tagged
from pipelines.task import Phase
from pipelines.tasks import tagging

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.edge import rules as edge
    from pipelines.models import fitted


@dataclass(frozen=True, kw_only=True)
class _Config(tagged.WordSettings, settings.FittedConfig):
    """The settings of every method of tagging: nothing is trained by steps."""

    gazetteers: int = setting(
        2,
        "phrases that training has marked so often, and nearly always alike, are marked; 0 learns"
        " none",
        "times",
        low=0,
    )


class Rules(tagging.Tagging):
    """What no rule marks is outside, or has the most frequent tag if tags have no scheme."""

    Config = _Config
    paper = "Mikheev, Moens & Grover 1999"
    fitted = "rules"

    def learn(self, examples, config):
        """The rules, and the spans of training as hashes, for the scores."""
        found = super().learn(examples, config)
        tags = [tag for row in examples.columns["tags"] for tag in row]
        counts = np.bincount(tags or [0], minlength=len(config.labels))
        outside = config.labels.index("O") if "O" in config.labels else int(counts.argmax())
        return {
            "known": found["known"],
            "rules": found.get("rules", []),
            "outside": np.array([outside], np.int32),
        }

    def model(self, config):
        """The tag of what no rule marks; see `edge.rules`."""
        return fitted.Fitted(edge.run)

    def phases(self, config):
        """One: there is nothing to find but that tag."""

        def assign(model, source):
            model.assign({"outside": config.learned["outside"]})

        return [Phase("rules", config, solve=assign)]

    def unsupported(self, config):
        """Nothing: its one file is of arrays."""
        return {}

    def _shapes(self, config):
        return {}
