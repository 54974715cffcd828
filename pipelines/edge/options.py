"""Options of an answer, such as how much text to make: their ranges, and flags for them."""

import argparse
import math
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SHOWN = 40  # characters of a wrong value


@dataclass(frozen=True)
class Option:
    """One option. default: tells the type; a tuple takes several texts. high: None is no limit."""

    name: str
    default: Any
    help: str
    low: float | None = None
    high: float | None = None

    def checked(self, value: Any) -> Any:
        """The value, in the type of the default. Raises ValueError if it will not do."""
        if isinstance(self.default, tuple):
            return (value,) if isinstance(value, str) else tuple(map(str, value))
        kind = type(self.default)
        number = _number(kind, value)
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if number is None or not low <= number <= high:
            shown = str(value)[:SHOWN] if isinstance(value, str) else reprlib.repr(value)
            raise ValueError(
                f"{self.name} must be {_range(kind, self.low, self.high)}; got {shown}."
            )
        return number


def _number(kind: type, value: Any) -> Any:
    """A value as a number of a kind, or None if it is none, such as 1.5 if it has to be
    whole."""
    try:
        number, exact = kind(value), float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number == exact else None


def _range(kind: type, low: Any, high: Any) -> str:
    """What a number must be, in words; low, high: its ends, in its own kind."""
    noun = "a whole number" if kind is int else "a number"
    if high is not None:
        return f"{noun} from {kind(low)} to {kind(high)}"
    return noun if low is None else f"{noun} of at least {kind(low)}"


def checked(options: Iterable[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """{name: value} of all options, those that are `given` among them.

    Raises ValueError if a value is out of range or there is no such option.
    """
    known = {option.name: option for option in options}
    for name in given:
        if name not in known:
            has = ", ".join(known) or "none"
            raise ValueError(f"there is no option {name!r} here. There are: {has}.")
    values = {name: given.get(name, option.default) for name, option in known.items()}
    return {name: known[name].checked(value) for name, value in values.items()}


def add_flags(parser: Any, options: Iterable[Option]) -> None:
    """Adds a flag for each option to an argparse parser; what is not given is None."""
    for option in options:
        several = isinstance(option.default, tuple)
        shown = "none" if several else option.default
        parser.add_argument(
            f"--{option.name.replace('_', '-')}",
            metavar="TEXT" if several else "N",
            action="append" if several else "store",
            help=f"{option.help} [{shown}]",
        )


def given(arguments: argparse.Namespace, options: Sequence[Option]) -> dict[str, Any]:
    """{name: value} of the options that the command line has."""
    values = {option.name: getattr(arguments, option.name, None) for option in options}
    return {name: value for name, value in values.items() if value is not None}
