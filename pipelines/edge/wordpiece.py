"""BERT's tokenizer for text in lower case: words -> ids of word pieces.

Devlin et al. 2019, arXiv:1810.04805; WordPiece's greedy longest match: Wu et al. 2016,
arXiv:1609.08144, section 4.1.
"""

import unicodedata
from collections.abc import Iterable, Sequence

UNKNOWN, START, END = "[UNK]", "[CLS]", "[SEP]"  # in the vocabulary; padding is its first entry
LONGEST = 100  # letters of a part; longer ones are unknown
HAN = (  # ideographs, each of which is a part by itself
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


class WordPiece:
    """A vocabulary as a function: word -> ids of its pieces, one at least.

    vocabulary: pieces in the order of their ids.
    """

    def __init__(self, vocabulary: Sequence[str]):
        self._ids = {piece: i for i, piece in enumerate(vocabulary)}
        self.start, self.end, self.unknown = (self._ids[piece] for piece in (START, END, UNKNOWN))
        self._known = {}

    def __call__(self, word: str) -> list[int]:
        if word not in self._known:
            self._known[word] = self.text(word) or [self.unknown]
        return self._known[word]

    def text(self, text: str) -> list[int]:
        """Ids of the pieces of a whole text, as BERT has them: none if there is nothing to see."""
        return [i for part in parts(text) for i in self._pieces(part)]

    def _pieces(self, part: str) -> list[int]:
        """The longest piece that `part` begins with, then of the rest; else unknown alone."""
        if len(part) > LONGEST:
            return [self.unknown]
        found, rest = [], part
        while rest:
            mark = "##" if found else ""
            lengths = range(len(rest), 0, -1)
            length = next((n for n in lengths if mark + rest[:n] in self._ids), 0)
            if not length:
                return [self.unknown]
            found.append(self._ids[mark + rest[:length]])
            rest = rest[length:]
        return found


def joined(pieces: Iterable[str]) -> str:
    """Pieces -> the text that they are of, in lower case, a space before each word and sign."""
    marked = (f" {piece}".removeprefix(" ##") for piece in pieces)
    return "".join(marked).strip()


def parts(word: str) -> list[str]:
    """A word -> what punctuation, space and ideographs split it into.

    Letters become small and lose their accents.
    """
    letters = filter(_is_seen, unicodedata.normalize("NFD", word.lower()))
    spaced = (f" {letter} " if _is_part(letter) else letter for letter in letters)
    return "".join(spaced).split()


def places(text: str) -> list[tuple[int, int]]:
    """[(start, end)] of what space, punctuation and ideographs split a text into, in characters.

    So an answer that is a part of "mid-1990s" can be pointed at.
    """
    found: list[tuple[int, int]] = []
    is_open = False  # whether the next letter goes on with the last part
    for i, letter in enumerate(text):
        is_part = _is_part(letter)
        if letter.isspace():
            is_open = False
            continue
        if is_open and not is_part:
            found[-1] = (found[-1][0], i + 1)
        else:
            found.append((i, i + 1))
        is_open = not is_part
    return found


def _is_seen(letter: str) -> bool:
    """Whether this is no accent, no control character, and not the mark of a broken one."""
    if letter in "\t\n\r":
        return True
    return letter != "\ufffd" and unicodedata.category(letter) not in ("Mn", "Cc", "Cf")


def _is_part(letter: str) -> bool:
    """Whether this is a part by itself."""
    if unicodedata.category(letter).startswith("P"):
        return True
    if letter.isascii():
        return letter > " " and not letter.isalnum()
    return any(low <= ord(letter) <= high for low, high in HAN)
