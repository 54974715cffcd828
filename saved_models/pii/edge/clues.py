"""Hand-made features of words, for a linear model, as taggers used them before nets did."""

from collections.abc import Sequence

from . import words

COUNT = 19  # features of a word, at most
# As in the tutorial of sklearn-crfsuite.
PARTS = {
    "-4": slice(-4, None),
    "-3": slice(-3, None),
    "-2": slice(-2, None),
    "+3": slice(3),
    "+2": slice(2),
}
KINDS = {"title": str.istitle, "upper": str.isupper, "digit": str.isdigit}
NEIGHBOURS = (-2, -1, 1, 2)  # places, of which the nearest tell their shape as well


def clues(tokens: Sequence[str]) -> list[list[str]]:
    """Words of a sentence -> for each a list of at most COUNT features, text.

    The word itself in lower case, its beginnings and ends, its shape, and the neighbours' words and
    shapes.
    """
    lower, shapes = list(map(words.normal, tokens)), list(map(words.shape, tokens))
    made = []
    for i, token in enumerate(tokens):
        own = _own(token, lower[i], shapes[i])
        made.append(own + _around(i, lower, shapes))
    return made


def _own(token: str, lower: str, shape: str) -> list[str]:
    """What a word tells by itself."""
    found = ["bias", f"w={lower}", f"s={shape}"]
    found += [f"{name}={lower[part]}" for name, part in PARTS.items()]
    found += [f"is={kind}" for kind, holds in KINDS.items() if holds(token)]
    return found


def _around(i: int, lower: list[str], shapes: list[str]) -> list[str]:
    """What the neighbours of word `i` tell, and that it is the first or the last."""
    found = []
    for step in NEIGHBOURS:
        if i + step in range(len(lower)):
            found.append(f"{step:+}w={lower[i + step]}")
            if abs(step) == 1:
                found.append(f"{step:+}s={shapes[i + step]}")
    if i == 0:
        found.append("first")
    if i == len(lower) - 1:
        found.append("last")
    return found
