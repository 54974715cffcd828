"""Words with a value, and rules of the words around them: what a text thinks of something. NumPy
alone.

Hutto & Gilbert 2014, "VADER", section 3: capitals, degree adverbs, negation, "but", exclamation
marks. The numbers are theirs. Left out of their program: idioms, and descriptions of emoji.
"""

import string
from collections.abc import Mapping, Sequence

import numpy as np

from . import words

SHORT = 2  # characters; what is shorter without its marks, such as :) or x-, keeps them
CAPITALS = 0.733  # added to a word in capitals if others are not
DEGREE = 0.293  # added by a degree adverb before a word, less if it is further away
FADING = (1.0, 0.95, 0.9)  # by 1, 2, 3 words
NEGATION = -0.74
BEFORE_BUT, AFTER_BUT = 0.5, 1.5
EXCLAIMED, MOST_EXCLAIMED = 0.292, 4  # each mark, and how many count
ASKED, MOST_ASKED = 0.18, 0.96  # each of two or three, and more
NORMAL = 15.0  # compound = s / sqrt(s^2 + 15)
NEUTRAL = 0.05  # compounds nearer to zero are neutral

MORE = (
    "absolutely", "amazingly", "awfully", "completely", "considerably", "decidedly", "deeply",
    "enormously", "entirely", "especially", "exceptionally", "extremely", "fabulously", "fully",
    "greatly", "highly", "hugely", "incredibly", "intensely", "majorly", "more", "most",
    "particularly", "purely", "quite", "really", "remarkably", "so", "substantially", "thoroughly",
    "totally", "tremendously", "truly", "unbelievably", "unusually", "utterly", "very",
)  # fmt: skip
LESS = (
    "almost", "barely", "hardly", "kinda", "less", "little", "marginally", "occasionally", "partly",
    "scarcely", "slightly", "somewhat", "sorta",
)  # fmt: skip
NOT = (
    "not", "no", "never", "none", "nor", "neither", "nobody", "nothing", "nowhere", "without",
    "cannot", "cant", "dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "werent", "wont",
    "wouldnt", "shouldnt", "couldnt", "hasnt", "havent", "hadnt", "aint", "rarely", "seldom",
    "despite", "can't", "don't", "doesn't", "didn't", "isn't", "aren't", "wasn't", "weren't",
    "won't", "wouldn't", "shouldn't", "couldn't", "hasn't", "haven't", "hadn't", "ain't",
    "mustn't", "needn't",
)  # fmt: skip
BUT = "but"
RULES = (*MORE, *LESS, *NOT, BUT)  # words that are known besides those of the lexicon


def items(text: str) -> list[str]:
    """What stands between spaces."""
    return text.split()


def plain(item: str) -> str:
    """An item as it is looked up: in lower case, without marks at either end."""
    bare = item.strip(string.punctuation)
    return (bare if len(bare) > SHORT else item).lower().replace("\u2019", "'")


def encoded(given: Sequence[str], ids: Mapping[str, int]) -> dict[str, list[int]]:
    """Items of a text -> {"words", "capitals", "exclaims", "questions"}, a number for each item.

    words: ids. capitals: 1 if an item is in capitals and not all are.
    """
    upper = [item.isupper() for item in given]
    is_mixed = any(upper) and not all(upper)
    return {
        "words": [_id(item, ids) for item in given],
        "capitals": [int(own and is_mixed) for own in upper],
        "exclaims": [item.count("!") for item in given],
        "questions": [item.count("?") for item in given],
    }


def _id(item: str, ids: Mapping[str, int]) -> int:
    """The id of an item as it stands, such as an emoticon, or without its marks."""
    return ids.get(item.lower(), ids.get(plain(item), words.UNKNOWN))


def arrays(names: Sequence[str], values: np.ndarray, sides: Sequence[int]) -> dict:
    """What `run` computes with. names: words, whose ids begin at `words.FIRST`. values: (V,), 0 of
    words that are there for rules. sides: of each class, -1, 0 or 1."""
    place = {name: i for i, name in enumerate(names, words.FIRST)}
    made = {"values": np.concatenate([np.zeros(words.FIRST), values])}
    for name, signs in (
        ("degrees", {**dict.fromkeys(MORE, 1), **dict.fromkeys(LESS, -1)}),
        ("denials", dict.fromkeys(NOT, 1)),
        ("turns", {BUT: 1}),
    ):
        made[name] = np.zeros(len(made["values"]))
        for word, sign in signs.items():
            made[name][place[word]] = sign
    return {**made, "sides": np.array(sides, float)}


def run(
    arrays: dict[str, np.ndarray], inputs: dict[str, np.ndarray], program: str = ""
) -> dict[str, np.ndarray]:
    """{"words", "capitals", "exclaims", "questions": int (N, T)} -> {"probabilities": float32 (N,
    C), "compound": (N,), in (-1, 1)}."""
    given = {name: np.asarray(values) for name, values in inputs.items()}
    value = _valued(arrays, given["words"], given["capitals"])
    is_but = arrays["turns"][given["words"]]
    behind = np.cumsum(is_but, 1) > 0
    has_but = behind.any(1)[:, None]
    factor = np.where(behind, AFTER_BUT, BEFORE_BUT)
    total = (value * np.where(has_but, factor, 1.0)).sum(1)
    total = total + np.sign(total) * _emphasis(given["exclaims"], given["questions"])
    compound = total / np.sqrt(total**2 + NORMAL)
    return {
        "probabilities": _shares(compound, arrays["sides"]).astype(np.float32),
        "compound": compound.astype(np.float32),
    }


def _valued(arrays: dict[str, np.ndarray], ids: np.ndarray, capitals: np.ndarray) -> np.ndarray:
    """The value of each word, changed by its capitals and the three words before it, (N, T)."""
    own = arrays["values"][ids]
    denies = arrays["denials"][ids]
    # "no" has a value of its own, but not before a word that it denies.
    value = np.where((denies > 0) & (_after(own, 1) != 0), 0.0, own)
    value = value + np.sign(value) * CAPITALS * capitals
    degrees = np.where(own == 0, arrays["degrees"][ids], 0.0)
    sign, found = np.sign(value), value
    for apart, fading in enumerate(FADING, 1):
        found = found + sign * DEGREE * fading * _before(degrees, apart)
        found = np.where(_before(denies, apart) > 0, found * NEGATION, found)
    return np.where(sign == 0, 0.0, found)


def _before(values: np.ndarray, apart: int) -> np.ndarray:
    """What stands `apart` places before each place, 0 if nothing does."""
    return np.pad(values, [[0, 0], [apart, 0]])[:, : values.shape[1]]


def _after(values: np.ndarray, apart: int) -> np.ndarray:
    return np.pad(values, [[0, 0], [0, apart]])[:, apart:]


def _emphasis(exclaims: np.ndarray, questions: np.ndarray) -> np.ndarray:
    """What marks add, (N,)."""
    asked = questions.sum(1)
    few = np.where(asked > 1, asked * ASKED, 0.0)
    loud = np.minimum(exclaims.sum(1), MOST_EXCLAIMED) * EXCLAIMED
    return loud + np.where(asked > 3, MOST_ASKED, few)


def _shares(compound: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """The probability of each class: (1 + compound) / 2 is praise, unless a class is neutral."""
    praise = (1 + compound)[:, None] / 2
    found = np.where(sides > 0, praise, 1 - praise)
    if (sides == 0).any():
        away = 1 / (1 + np.exp(-(np.abs(compound) - NEUTRAL) / NEUTRAL * 4))[:, None]
        found = np.where(sides == 0, 1 - away, found * away)
    return found / found.sum(1, keepdims=True)
