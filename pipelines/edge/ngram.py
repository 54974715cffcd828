"""Counted n-grams of characters or words: how probable a text is, and what comes next. NumPy alone.

An n-gram's number is (number of its first n - 1 items among the n-grams of that length) * V + its
last item, so a table of one length points into that of the length before. For each length the model
holds the numbers that were seen, in increasing order, the value v of each, and of each history h
what is left for shorter histories, b: p(x | h) = v(hx) + b(h) p(x | h without its first item).
After a history that was not seen it is the shorter one's. Below the empty history all items are
equally probable, unknown ones among them. The probabilities after any history sum to one.
"""

import itertools
import re
from collections.abc import Iterable

import numpy as np

from . import words

NOTHING, START, UNKNOWN, FIRST = -1, 0, 1, 2  # ids: behind the end, before the text, other items
END = "\n"  # closes each text
CHARACTERS, WORDS, TOKENS = ("characters", "words", "tokens")
UNSEEN = -1  # the place of an n-gram that is in no table
MARK = "<unk>"  # what data that is cut into tokens writes for a word that it does not know


class Vocabulary:
    """Items of a text and their ids. units: characters; words with marks by themselves; or tokens,
    which are what stands between spaces.

    known: the items that have an id of their own, FIRST and on; characters as code points, in
    decimal digits.
    """

    def __init__(self, units: str, known: Iterable[str]):
        self.units = units
        # No line of a file holds the end, so the list of words has not got it.
        self.items = [chr(int(code)) for code in known] if units == CHARACTERS else [*known, END]
        self._ids = {item: FIRST + i for i, item in enumerate(self.items)}

    def __len__(self) -> int:
        """How many ids there are, those of START and of unknown items among them."""
        return FIRST + len(self.items)

    def ids(self, text: str, order: int) -> list[int]:
        """The ids of a text's items and of its end, with `order - 1` START before them."""
        found = [self._ids.get(item, UNKNOWN) for item in (*split(text, self.units), END)]
        return [START] * (order - 1) + found

    def text(self, ids: Iterable[int]) -> str:
        """Ids -> text; an unknown item is shown as a replacement character."""
        glue = "" if self.units == CHARACTERS else " "
        return glue.join(self.items[i - FIRST] if i >= FIRST else "\ufffd" for i in ids)


def split(text: str, units: str) -> list[str]:
    """The items of a text, without its end; a line break is END."""
    return [item for item, _ in placed(text, units)]


def placed(text: str, units: str) -> list[tuple[str, int]]:
    """The items of a text and the characters before each."""
    if units == CHARACTERS:
        return [(letter, at) for at, letter in enumerate(text)]
    found, begin = [], 0
    for line in text.splitlines(keepends=True):
        (own,) = line.splitlines()
        found += [(item, begin + at) for item, at in _of_line(own, units)]
        if own != line:
            found.append((END, begin + len(own)))
        begin += len(line)
    return found


def _of_line(line: str, units: str) -> list[tuple[str, int]]:
    if units == WORDS:
        return [(word, at) for word, at, _ in words.tokens(line)]
    return [(match.group(), match.start()) for match in re.finditer(r"\S+", line)]


def sizes(text: str, units: str) -> list[int]:
    """Bytes of UTF-8 of each item and of the end, which is one.

    An item has what stands up to the next one, and the first what stands before it, too; so they
    sum to the bytes of the text.
    """
    starts = [at for _, at in placed(text, units)]
    bounds = [0, *starts[1:], len(text)] if starts else []
    parts = (text[a:b] for a, b in itertools.pairwise(bounds))
    return [*(len(part.encode("utf-8", "surrogatepass")) for part in parts), 1]


def run(
    arrays: dict[str, np.ndarray], inputs: dict[str, np.ndarray], program: str = ""
) -> dict[str, np.ndarray]:
    """{"ids": int (N, T + order - 1)} -> {"log_likelihood": float32 (N, T)}; 0 behind the end."""
    order, size = (int(arrays[name][0]) for name in ("order", "size"))
    given = np.asarray(inputs["ids"], np.int64)
    known = np.concatenate([np.full((len(given), order - 1), START), given], 1)
    found = np.zeros((len(given), given.shape[1] - order + 1), np.float32)
    found[given[:, order - 1 :] == NOTHING] = 1.0
    chance = probabilities(arrays, np.maximum(known, 0), order, size)[:, order - 1 :]
    return {"log_likelihood": np.where(found == 1.0, 0.0, np.log(chance)).astype(np.float32)}


def probabilities(
    arrays: dict[str, np.ndarray], ids: np.ndarray, order: int, size: int
) -> np.ndarray:
    """Of each item after those before it: ids (N, T + order - 1) -> (N, T).

    The first `order - 1` ids of each row are history alone.
    """
    judged = ids[:, order - 1 :]
    chance = np.full(judged.shape, 1 / (size - 1))  # START never follows
    before = np.zeros_like(ids)  # places of the history of each item, of the length of the turn
    for n in range(1, order + 1):
        keys = np.where(before == UNSEEN, UNSEEN, before * size + ids)
        places = _places(arrays[f"grams{n}"], keys)
        value = _taken(arrays[f"values{n}"], places, 0.0)[:, order - 1 :]
        left = _taken(arrays[f"rest{n}"], before, 1.0)[:, order - 1 :]
        chance = value + left * chance
        before = np.concatenate([np.full((len(ids), 1), UNSEEN), places[:, :-1]], 1)
    return chance


def _places(numbers: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The place of each key in `numbers`, increasing; UNSEEN if it is not there."""
    places = np.minimum(np.searchsorted(numbers, keys), len(numbers) - 1)
    return np.where(numbers[places] == keys, places, UNSEEN)


def _taken(values: np.ndarray, places: np.ndarray, otherwise: float) -> np.ndarray:
    return np.where(places == UNSEEN, otherwise, values[np.maximum(places, 0)])
