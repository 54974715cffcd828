"""Plain text -> words with their places, and what a model knows a word by: id, letters, shape."""

import itertools
import re
from collections.abc import Iterable, Sequence

PADDING, UNKNOWN, FIRST = 0, 1, 2  # ids; the entries of a learned list begin at FIRST
LONGEST_SHAPE = 8  # characters
# What is no letter: space, ASCII punctuation, and the blocks of punctuation, symbols and emoji.
# Marks that belong to letters, as in Hindi or Arabic, are none of these, but Python's \w leaves
# them out.
OTHER = (
    r"\s!-/:-@\[-`{-~\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u05be\u05c0"
    r"\u05c3\u060c\u061b\u061f\u0964\u0965\u2000-\u200b\u200e-\u2bff\u3000-\u303f\ufe30-\ufe6f"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
    r"\U0001f000-\U0001faff"
)
# Scripts without spaces between words, each letter of which is a word: Han and kana.
SINGLE = (
    r"\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
)
TOKEN = re.compile(
    rf"(?:https?://|www\.)\S*[^\s.,;:!?)\]'\"]"  # addresses
    # Without a bound, a page of letters would take minutes.
    rf"|[\w.+-]{{1,64}}@[\w-]+(?:\.[\w-]+)+"
    rf"|[@#][^{OTHER}]\w*"
    rf"|\d+(?:[.,:/-]\d+)*(?![^{OTHER}{SINGLE}])"  # numbers, times, dates
    rf"|['\u2019][a-z]{{1,2}}\b"  # 's 're 've 'll
    rf"|[^{OTHER}{SINGLE}]+(?:-[^{OTHER}{SINGLE}]+)*"
    rf"|[{SINGLE}]"
    r"|([^\w\s])[\ufe0f\u20e3\U0001f3fb-\U0001f3ff]*"  # one emoji
    r"(?:\u200d[^\w\s][\ufe0f\U0001f3fb-\U0001f3ff]*)*"
    r"|\S"
)


def tokens(text: str) -> list[tuple[str, int, int]]:
    """Text -> [(word, start, end)] in characters, end exclusive; nothing but space is left out."""
    return [(match.group(), match.start(), match.end()) for match in TOKEN.finditer(text)]


def normal(word: str) -> str:
    """What words are looked up by: lower case, each digit a 0."""
    return re.sub(r"\d", "0", word.lower())


def shape(word: str) -> str:
    """Kinds of its characters, repeats once: "McDonald's" -> "XxXx'x", "iPhone7" -> "xXxd"."""
    kinds = (kind for kind, _ in itertools.groupby(map(_kind, word)))
    return "".join(itertools.islice(kinds, LONGEST_SHAPE))


def _kind(letter: str) -> str:
    if letter.isdigit():
        return "d"
    if letter.isupper():
        return "X"
    if letter.islower():
        return "x"
    return "c" if letter.isalpha() else letter  # c is a letter of a script without case


def ids(entries: Iterable[str]) -> dict[str, int]:
    """A learned list -> {entry: id}."""
    return {entry: FIRST + i for i, entry in enumerate(entries)}


def windows(costs: Sequence[int], room: int) -> list[tuple[int, int, int, int]]:
    """How a sentence is cut: [(start, stop, first, last)].

    A window holds the tokens start..stop, of which first..last count. costs: room that each token
    takes, one at least. A sentence that fits is one window, an empty one too. Of longer ones,
    windows share a quarter of their tokens with the next, and each token counts in the one in which it has more
    of the sentence around it.
    """
    cuts = [(0, _stop(costs, 0, room))]
    while cuts[-1][1] < len(costs):
        start, stop = cuts[-1]
        start = max(start + 1, stop - (stop - start) // 4)
        cuts.append((start, _stop(costs, start, room)))
    middles = [(after[0] + before[1]) // 2 for before, after in itertools.pairwise(cuts)]
    bounds = itertools.pairwise([0, *middles, len(costs)])
    return [(*cut, *bound) for cut, bound in zip(cuts, bounds, strict=False)]


def _stop(costs: Sequence[int], start: int, room: int) -> int:
    """The end of the longest window that begins at `start`; one token at least if there is one."""
    sums = itertools.accumulate(itertools.islice(costs, start, None))
    fitting = itertools.takewhile(lambda total: total <= room, sums)
    return min(len(costs), start + max(1, len(list(fitting))))
