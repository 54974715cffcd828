"""Plain text -> words with their places, and what a model knows a word by: its id, its letters, its shape."""

import re

PADDING, UNKNOWN, FIRST = 0, 1, 2  # ids; the entries of a learned list begin at FIRST
LONGEST_SHAPE = 8  # characters
# What is no letter: space, ASCII punctuation, and the blocks of punctuation, symbols and emoji.
# Marks that belong to letters, as in Hindi or Arabic, are none of these, but Python's \w leaves
# them out.
OTHER = (
    r"\s!-/:-@\[-`{-~\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u05be\u05c0\u05c3\u060c\u061b\u061f"
    r"\u0964\u0965\u2000-\u200b\u200e-\u2bff\u3000-\u303f\ufe30-\ufe6f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
    r"\U0001f000-\U0001faff"
)
TOKEN = re.compile(
    rf"(?:https?://|www\.)\S*[^\s.,;:!?)\]'\"]"  # addresses
    rf"|[\w.+-]{{1,64}}@[\w-]+(?:\.[\w-]+)+"  # without a bound, a page of letters would take minutes
    rf"|[@#][^{OTHER}]\w*"
    rf"|\d+(?:[.,:/-]\d+)*(?![^{OTHER}])"  # numbers, times, dates
    rf"|['\u2019][a-z]{{1,2}}\b"  # 's 're 've 'll
    rf"|[^{OTHER}]+(?:-[^{OTHER}]+)*"
    r"|([^\w\s])[\ufe0f\u20e3\U0001f3fb-\U0001f3ff]*(?:\u200d[^\w\s][\ufe0f\U0001f3fb-\U0001f3ff]*)*"  # one emoji
    r"|\S"
)


def tokens(text):
    """Text -> [(word, start, end)] in characters, end exclusive; nothing but space is left out."""
    return [(match.group(), match.start(), match.end()) for match in TOKEN.finditer(text)]


def normal(word):
    """What words are looked up by: lower case, each digit a 0."""
    return re.sub(r"\d", "0", word.lower())


def shape(word):
    """Kinds of its characters, repeats once: "McDonald's" -> "XxXx'x", "iPhone7" -> "xXxd", 2014 -> "d"."""
    kinds = []
    for letter in word:
        kind = (
            "d"
            if letter.isdigit()
            else "X"
            if letter.isupper()
            else "x"
            if letter.islower()
            else letter
        )
        kind = (
            "c" if kind == letter and letter.isalpha() else kind
        )  # a letter of a script without case
        if not kinds or kinds[-1] != kind:
            kinds.append(kind)
        if len(kinds) == LONGEST_SHAPE:
            break
    return "".join(kinds)


def ids(entries):
    """A learned list -> {entry: id}."""
    return {entry: FIRST + i for i, entry in enumerate(entries)}


def windows(costs, room):
    """Where a sentence is cut: [(start, stop, first, last)], tokens start..stop in it, of which
    first..last count.

    costs: room that each token takes, one at least. A sentence that fits is one window. Of longer
    ones, windows share a quarter of their tokens with the next, and each token counts where it has
    more of the sentence around it.
    """
    cuts, start = [], 0
    while not cuts or cuts[-1][1] < len(costs):
        stop, left = start, room
        while stop < len(costs) and (left >= costs[stop] or stop == start):
            left -= costs[stop]
            stop += 1
        cuts.append((start, stop))
        start = max(start + 1, stop - (stop - start) // 4)
    middles = [(after[0] + before[1]) // 2 for before, after in zip(cuts, cuts[1:], strict=False)]
    return [
        (*cut, first, last)
        for cut, first, last in zip(cuts, [0, *middles], [*middles, len(costs)], strict=True)
    ]
