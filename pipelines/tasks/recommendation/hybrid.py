"""Hybrids: what users have and what texts say, by switching or as a cascade."""

from dataclasses import dataclass

from pipelines import config as settings
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.task import Phase
from pipelines.tasks import recommendation
from pipelines.tasks.recommendation import _parts as parts


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, settings.FittedConfig):
    """The shared settings, and those of the two parts."""

    parts: tuple[str, ...] = setting(
        ("ease", "content"), "two methods, each with its defaults; see fusion"
    )
    rule: str = setting(
        "switching",
        "switching: the second for a history of fewer than `border` items; cascade: the best"
        " `border` items of the first in the order of the second",
        choices=("switching", "cascade"),
    )
    border: int = setting(3, "items; see `rule`", "items", low=1, high=100_000)


class Hybrid(recommendation.Recommendation):
    """Texts speak for users of whom little is known, or sort what others chose."""

    Config = _Config
    paper = "Burke 2002"

    def resolve(self, config, audit):
        """The same, if there are two parts."""
        if len(parts.checked(config.parts)) != 2:
            raise PipelineError(f"hybrid takes two parts; got {len(config.parts)}. Take fusion.")
        return config

    def check(self, examples, config):
        """Raises PipelineError if a part cannot learn from the data."""
        parts.check(config.parts, examples, config)

    def model(self, config):
        """Both nets, and what is made of them."""
        return parts.net(config.parts, config, config.rule, config.border, "hybrid")

    def phases(self, config):
        """One: the two parts."""

        def solve(net, source):
            parts.solve(net, config.parts, config, source)

        return [Phase("fit", config, solve=solve)]
