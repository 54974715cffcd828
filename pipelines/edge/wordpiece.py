"""BERT's tokenizer for text in lower case: words -> ids of word pieces.

Devlin et al. 2019, arXiv:1810.04805; WordPiece's greedy longest match: Wu et al. 2016,
arXiv:1609.08144, section 4.1.
"""

import unicodedata

UNKNOWN, START, END = "[UNK]", "[CLS]", "[SEP]"  # in the vocabulary; padding is its first entry
LONGEST = 100  # letters of a part; longer ones are unknown
HAN = (  # ideographs, each of which is a part by itself
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


class WordPiece:
    """A vocabulary, list of pieces in the order of their ids, as a function: word -> ids, one at least."""

    def __init__(self, vocabulary):
        self._ids = {piece: i for i, piece in enumerate(vocabulary)}
        self.start, self.end, self.unknown = (self._ids[piece] for piece in (START, END, UNKNOWN))
        self._known = {}

    def __call__(self, word):
        if word not in self._known:
            found = [i for part in parts(word) for i in self._pieces(part)]
            self._known[word] = found or [self.unknown]
        return self._known[word]

    def text(self, text):
        """Ids of the pieces of a whole text, as BERT has them: none where there is nothing to see."""
        return [i for part in parts(text) for i in self._pieces(part)]

    def _pieces(self, part):
        """The longest piece that `part` begins with, then that of the rest; unknown where one of them is."""
        found, start = [], 0
        while start < len(part) <= LONGEST:
            for end in range(len(part), start, -1):
                piece = ("##" if start else "") + part[start:end]
                if piece in self._ids:
                    found.append(self._ids[piece])
                    break
            else:
                return [self.unknown]
            start = end
        return found or [self.unknown]


def joined(pieces):
    """Pieces -> the text that they are of, in lower case, with a space before each word and sign."""
    return "".join(
        piece.removeprefix("##") if piece.startswith("##") else f" {piece}" for piece in pieces
    ).strip()


def parts(word):
    """A word in lower case without accents -> what punctuation, space and ideographs part it into."""
    found, inside = [], False
    for letter in unicodedata.normalize("NFD", word.lower()):
        kind = unicodedata.category(letter)
        if kind == "Mn" or letter == "\ufffd" or (kind in ("Cc", "Cf") and letter not in "\t\n\r"):
            continue
        alone = kind[0] == "P" or (letter.isascii() and not letter.isalnum() and letter > " ")
        alone = alone or any(low <= ord(letter) <= high for low, high in HAN)
        if letter.isspace():
            inside = False
        elif alone or not inside:
            found.append(letter)
            inside = not alone
        else:
            found[-1] += letter
    return found
