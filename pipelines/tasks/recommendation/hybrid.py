"""Hybrids: what users have and what texts say, as two methods or in one."""

from dataclasses import dataclass

from pipelines import config as settings
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.task import Phase
from pipelines.tasks import recommendation
from pipelines.tasks.recommendation import _parts as parts
from pipelines.tasks.recommendation import _with_words as words


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, settings.FittedConfig):
    """The shared settings, and those of the rule."""

    rule: str = setting(
        "switching",
        "switching: the second part for a history of fewer than `border` items; cascade: the best"
        " `border` items of the first in the order of the second; feature_combination: EASE with"
        " the words of texts as further users; meta_level: users whose items have alike words vote",
        choices=("switching", "cascade", *words.RULES),
    )
    parts: tuple[str, ...] = setting(
        ("ease", "content"),
        "two methods, each with its defaults, of the first two rules; see fusion",
    )
    border: int = setting(3, "items; see `rule`", "items", low=1, high=100_000)
    words: int = setting(
        1000, "words that are known, of the last two rules", "words", low=1, high=50_000
    )


class Hybrid(recommendation.Recommendation):
    """Texts speak for users of whom little is known, or join what others chose."""

    Config = _Config
    paper = "Burke 2002"

    def resolve(self, config, audit):
        """The same, if there are two parts."""
        if len(parts.checked(config.parts)) != 2:
            raise PipelineError(f"hybrid takes two parts; got {len(config.parts)}. Take fusion.")
        return config

    def check(self, examples, config):
        """Raises PipelineError if a part, or the one model, cannot learn from the data."""
        if config.rule in words.RULES:
            words.check(config)
        else:
            parts.check(config.parts, examples, config)

    def model(self, config):
        """Both nets and what is made of them, or the one."""
        if config.rule in words.RULES:
            return words.net(config)
        return parts.net(config.parts, config, config.rule, config.border, "hybrid")

    def phases(self, config):
        """One: what the rule needs."""

        def solve(net, source):
            if config.rule in words.RULES:
                return words.solve(net, config, source)
            return parts.solve(net, config.parts, config, source)

        return [Phase("fit", config, solve=solve)]
