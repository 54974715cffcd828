"""Whether pictures may be mirrored: not if a class would be another one then."""

import re
from dataclasses import dataclass
from typing import Any

from pipelines.config import setting

# Words in the names of classes whose pictures must not be mirrored.
SIDED = frozenset(
    (
        *("left", "right", "letter", "letters", "digit", "digits", "character", "characters"),
        *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """The setting of every method that mirrors pictures in training."""

    flip: str = setting(
        "auto",
        "mirror pictures left to right at random; auto does unless classes are called like letters,"
        " digits or sides",
        choices=("auto", "on", "off"),
    )


def chosen(config: Any, is_sided: bool = False) -> dict[str, str]:
    """What `flip` becomes by the names of the classes: {"flip": "on" or "off"}.

    It is {} if the user has chosen. is_sided: what else is learned is another in the mirror, such as an angle.
    """
    if config.flip != "auto":
        return {}
    is_other = is_sided or any(map(has_sides, config.labels))
    return {"flip": "off" if is_other else "on"}


def has_sides(label: str) -> bool:
    """Whether a class would be another one in the mirror, going by its name."""
    words = re.findall(r"[^\W\d_]+", label.lower())
    is_sign = len(label.strip()) == 1 or label.strip().isdigit()
    return is_sign or not SIDED.isdisjoint(words)
