"""What is learned of each example: one class, several labels, or numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.config import Settings, setting
from pipelines.families.target_kinds import numbers, one_class, reading, several
from pipelines.families.target_kinds.target import CLASS, LABELS, NUMBERS, Target

KINDS: Mapping[str, Target] = {
    CLASS: one_class.OneClass(),
    LABELS: several.Several(),
    NUMBERS: numbers.Numbers(),
}


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """Settings of a method that learns any of the three."""

    target: tuple[str, ...] = setting(
        (), "columns of the table that are learned; empty takes the label"
    )
    answer: str = setting(
        "auto",
        "what is learned of each example; auto takes labels if cells such as a|b name several, and"
        " numbers if labels are numbers with a point, or more than 100 whole ones of which most"
        " come once; folders are classes",
        choices=("auto", CLASS, LABELS, NUMBERS),
    )
    angles: tuple[str, ...] = setting(
        (), "numbers that are angles in degrees, of which 359 is next to 0; see `target`"
    )


def kind(config: Settings) -> str:
    """CLASS, LABELS or NUMBERS, as it was learned of the training split."""
    return config.learned.get("answer", [CLASS])[0]


def said(config: Settings) -> str:
    """What is learned, such as `one class for each example`."""
    names = config.learned.get("numbers", ())
    named = f" ({', '.join(names)})" if names else ""
    return f"{reading.WORDS[kind(config)]}{named} for each example"


def of(config: Settings) -> Target:
    """How a method with this config is built, judged and drawn."""
    return KINDS[kind(config)]
