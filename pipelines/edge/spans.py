"""Tags of tokens -> the spans they mark."""

from collections.abc import Sequence

# BILOU's last and unit are BIOES's end and single, and the middle of BMES is its inside.
SAME = {"L": "E", "U": "S", "M": "I"}


def split(tag: str) -> tuple[str, str]:
    """A tag -> (its prefix out of B I E S O, its type).

    "B-person" -> ("B", "person"), "U-x" -> ("S", "x"). "B" alone has the type "_".
    """
    prefix, _, kind = tag.partition("-")
    return SAME.get(prefix, prefix), kind or "_"


def spans(tags: Sequence[str], plain: bool = False) -> list[tuple[int, int, str]]:
    """Tags of one sentence -> [(start, end, type)], end exclusive, in order.

    Reads BIO, IOB1, BIOES, BMES and BILOU, and whatever breaks them as conlleval and seqeval's
    default mode do: an I that continues nothing begins a span. plain: tags without a scheme, of
    which each but O is a span of its own.
    """
    if plain:
        return [(i, i + 1, tag) for i, tag in enumerate(tags) if tag != "O"]
    found, before, inside = [], "O", ""
    for i, tag in enumerate(tags):
        prefix, kind = split(tag)
        start = i
        if before not in "ESO" and prefix not in "BSO" and kind == inside:
            start, _, _ = found.pop()  # the span goes on
        if prefix != "O":
            found.append((start, i + 1, kind))
        before, inside = prefix, kind
    return found
