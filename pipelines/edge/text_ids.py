"""Text to the ids of its items and back, for models that read it from left to right.

Id 0 stands before the text and closes it, 1 is what is not known, and the others are characters,
words or byte pairs.
"""

import codecs
from collections.abc import Iterable, Iterator, Mapping, Sequence

from . import ngram
from .byte_pairs import BytePairs

END, UNKNOWN, FIRST = ngram.START, ngram.UNKNOWN, ngram.FIRST
PAIRS = "bpe"
APART = "bpe_digits_apart"  # each digit a word of its own
BREAK = "\n\n"  # between two texts, as a blank line parts paragraphs of a file


class Items:
    """Characters, words or tokens."""

    def __init__(self, units: str, known: Iterable[str]):
        self._known, self._units = ngram.Vocabulary(units, known), units
        self._glue = "" if units == ngram.CHARACTERS else " "

    def __len__(self) -> int:
        """How many ids there are, 0 and 1 among them."""
        return len(self._known)

    def ids(self, text: str) -> list[int]:
        """Ids of a text's items, without the end."""
        return self._known.ids(text, 1)[:-1]

    def sizes(self, text: str) -> list[int]:
        """Bytes of UTF-8 that each of `ids` stands for, and of the end."""
        return ngram.sizes(text, self._units)

    def pieces(self, ids: Iterable[int], is_first: bool = False) -> Iterator[str]:
        """The text of each id as it comes; they join to the whole.

        is_first: whether nothing stands before, so that the first word needs no space.
        """
        is_open = is_first or not self._glue  # whether the next item follows without a space
        for i in ids:
            item = self._known.text([i]) if i != END else BREAK
            yield item if is_open or item.startswith("\n") else self._glue + item
            is_open = not self._glue or item.endswith("\n")


class Pairs:
    """Byte pairs."""

    def __init__(self, pieces: Sequence[str], merges: Iterable[str], apart: bool = False):
        self._pairs = BytePairs(pieces, merges, apart)

    def __len__(self) -> int:
        return FIRST + len(self._pairs.pieces)

    def ids(self, text: str) -> list[int]:
        return [FIRST + number for number in self._pairs.encode(text)]  # UNKNOWN of NONE

    def sizes(self, text: str) -> list[int]:
        return [*map(self._size, self.ids(text)), 1]

    def _size(self, i: int) -> int:
        return 1 if i == UNKNOWN else len(self._pairs.pieces[i - FIRST])

    def pieces(self, ids: Iterable[int], is_first: bool = False) -> Iterator[str]:
        """The text of each id as it comes; a character whose bytes are not all there yet waits."""
        reader = codecs.getincrementaldecoder("utf-8")("replace")
        for i in ids:
            yield BREAK if i == END else reader.decode(self._bytes(i))

    def _bytes(self, i: int) -> bytes:
        return self._pairs.bytes_of(i - FIRST) if i >= FIRST else b"\xef\xbf\xbd"


def opened(units: str, learned: Mapping[str, Sequence[str]]) -> Items | Pairs:
    """The ids of what a model has learned: `items`, or `pieces` and `merges`."""
    if units in (PAIRS, APART):
        return Pairs(learned["pieces"], learned["merges"], units == APART)
    return Items(units, learned["items"])


def windows(count: int, length: int, overlap: int) -> list[tuple[int, int, int]]:
    """How `count` ids behind a first 0 are judged: (start, first, stop) of each window.

    A window reads ids[start:stop] and judges ids[first:stop], `length` of them at most; `overlap`
    ids at most stand before these, and the one that the first is predicted from. It lies at the
    left of its row: a net would take what fills the left of a shorter one for text.
    """
    starts = range(1, count + 1, length)
    return [(max(0, i - 1 - overlap), i, min(i + length, count + 1)) for i in starts]
