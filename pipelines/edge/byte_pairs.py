"""Text to byte pairs and back, by the merges that training has learned. Standard library alone.

Byte-level BPE as GPT-2 has it: each byte is a letter of an alphabet without spaces, and a text is
cut into words, with the space before them, before any merge (Radford et al. 2019, section 2.2).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

# The bytes that show as they are in Latin-1; the others are moved up, in order, behind U+00FF.
SHOWN = [*range(33, 127), *range(161, 173), *range(174, 256)]
HIDDEN = [byte for byte in range(256) if byte not in SHOWN]
ALPHABET = {byte: chr(byte) for byte in SHOWN} | {b: chr(256 + i) for i, b in enumerate(HIDDEN)}
BYTES = {letter: byte for byte, letter in ALPHABET.items()}
# Of text in which `_plain` has put one ASCII character for each other letter, number and space.
WORD = re.compile(
    r"'(?:s|t|re|ve|m|ll|d)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+", re.ASCII
)
SPACES = "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
APART = re.compile("[0-9]|[^0-9]+", re.ASCII)  # each digit by itself
NONE = -1  # the number of what is no piece
KEPT = 100_000  # words whose pieces are remembered


class BytePairs:
    """The pieces of a vocabulary, by number, and how they are found.

    pieces: in the alphabet. merges: "a b", the first one first. apart: whether each digit, and
    each other number, is a word of its own, as SmolLM2 has it.
    """

    def __init__(self, pieces: Sequence[str], merges: Iterable[str], apart: bool = False):
        self.pieces = list(pieces)
        self._apart = apart
        self._numbers = {piece: i for i, piece in enumerate(self.pieces)}
        pairs = (tuple(merge.split(" ")) for merge in merges)
        self._ranks = {pair: i for i, pair in enumerate(pairs)}
        self._seen: dict[str, list[int]] = {}
        self._kinds: dict[str, str] = {}

    def encode(self, text: str) -> list[int]:
        """Numbers of a text's pieces, NONE for a byte that is no piece.

        A lone surrogate is read as U+FFFD.
        """
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        found: list[int] = []
        for start, stop in self._words(self._plain(text)):
            found += self._word(text[start:stop])
        return found

    def _words(self, plain: str) -> Iterator[tuple[int, int]]:
        """Where each word begins and ends."""
        runs = (run.span() for run in APART.finditer(plain))
        for run in runs if self._apart else [(0, len(plain))]:
            for match in WORD.finditer(plain, *run):
                yield match.span()

    def bytes_of(self, number: int) -> bytes:
        """The bytes that a piece stands for."""
        return bytes(BYTES[letter] for letter in self.pieces[number])

    def _plain(self, text: str) -> str:
        """The text with one ASCII character of the same kind for each other one."""
        for letter in set(text) - self._kinds.keys():
            self._kinds[letter] = letter if letter < "\x80" else _kind(letter)
        return "".join(map(self._kinds.__getitem__, text))

    def _word(self, word: str) -> list[int]:
        known = self._seen.get(word)
        if known is None:
            merged = self._merged([ALPHABET[byte] for byte in word.encode("utf-8")])
            known = [self._numbers.get(piece, NONE) for piece in merged]
            if len(self._seen) < KEPT:
                self._seen[word] = known
        return known

    def _merged(self, parts: list[str]) -> list[str]:
        """Single bytes -> pieces: the pair that was learned first is merged first, everywhere."""
        while len(parts) > 1:
            pairs = set(zip(parts, parts[1:], strict=False)) & self._ranks.keys()
            if not pairs:
                break
            parts = _joined(parts, min(pairs, key=self._ranks.__getitem__))
        return parts


def _kind(letter: str) -> str:
    """a for a letter, 0 for a number, a tab for a space, ! for what is none of these."""
    if letter in SPACES:
        return "\t"
    return {"L": "a", "N": "0"}.get(unicodedata.category(letter)[0], "!")


def _joined(parts: list[str], pair: tuple[str, ...]) -> list[str]:
    """Parts with each `pair` as one, from left to right."""
    found: list[str] = []
    is_open = False  # whether the last part may still be the first of a pair
    for part in parts:
        if is_open and (found[-1], part) == pair:
            found[-1] += part
            is_open = False
        else:
            found.append(part)
            is_open = True
    return found
