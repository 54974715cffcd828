"""What the offsets of spans count: characters, as they should, bytes of UTF-8 or UTF-16 units."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

CHARACTERS = "characters"


class Place(NamedTuple):
    """A span as a file has it. term: what stands there, "" if the file does not say."""

    text: str
    start: int
    end: int
    term: str = ""


def unit(places: Sequence[Place]) -> str:
    """What the offsets of a file count: of UNITS, the first of those that misfit least often."""
    misfits = {name: sum(map(_misfits, moved(places, name))) for name in UNITS}
    return min(UNITS, key=misfits.__getitem__)


def moved(places: Iterable[Place], unit: str) -> list[Place]:
    """Places with offsets in a unit -> in characters."""
    count = UNITS[unit]
    return [
        place._replace(start=count(place.text, place.start), end=count(place.text, place.end))
        for place in places
    ]


def _misfits(place: Place) -> bool:
    """Whether a span is not its term, or begins or ends within a word or in space."""
    text, start, end, term = place
    if not 0 <= start < end <= len(text):
        return True
    found = text[start:end]
    if term:
        return found != term
    cuts = [text[at - 1 : at + 1] for at in (start, end) if 0 < at < len(text)]
    return found != found.strip() or any(map(str.isalnum, cuts))


def _characters(text: str, offset: int) -> int:
    return offset


def _encoded(encoding: str, width: int) -> Callable[[str, int], int]:
    """A function: (text, units of an encoding) -> characters; `width` bytes are a unit."""

    def count(text: str, offset: int) -> int:
        encoded = text.encode(encoding, "surrogatepass")
        if not 0 <= offset * width <= len(encoded):
            return len(text) + 1  # which no text has
        return len(encoded[: offset * width].decode(encoding, "ignore"))

    return count


UNITS = {
    CHARACTERS: _characters,
    "UTF-16 units": _encoded("utf-16-le", 2),
    "bytes of UTF-8": _encoded("utf-8", 1),
}
