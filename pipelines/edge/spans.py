"""Tags of tokens -> the spans they mark."""

SAME = {"L": "E", "U": "S"}  # BILOU's last and unit are BIOES's end and single


def split(tag):
    """A tag -> (its prefix out of B I E S O, its type): "B-person" -> ("B", "person"), "U-x" ->
    ("S", "x").

    "B" alone has the type "_".
    """
    prefix, _, kind = tag.partition("-")
    return SAME.get(prefix, prefix), kind or "_"


def spans(tags, plain=False):
    """Tags of one sentence -> [(start, end, type)], end exclusive, in order.

    Reads BIO, IOB1, BIOES and BILOU, and whatever breaks them as conlleval and seqeval's default
    mode do: an I that
    continues nothing begins a span. plain: tags without a scheme, of which each but O is a span of
        its own.
    """
    if plain:
        return [(i, i + 1, tag) for i, tag in enumerate(tags) if tag != "O"]
    found, start, inside, before = [], None, None, "O"
    for i, tag in enumerate([*tags, "O"]):
        prefix, kind = split(tag)
        if start is not None and (before in "ES" or prefix in "BSO" or kind != inside):
            found.append((start, i, inside))
            start = None
        if prefix != "O" and start is None:
            start, inside = i, kind
        before = prefix
    return found
