"""A sentence as a row of text whose spans are marked."""


def marked(text, own, other):
    """Parts of a row of MarkedText: spans that the other row has as well are good, others bad."""
    parts, at = [], 0
    for start, end, kind in own:
        parts.append(
            (" ".join(["", *text[at:start], ""]) if at else " ".join([*text[:start], ""]), "", "")
        )
        parts.append(
            (" ".join(text[start:end]), kind, "good" if (start, end, kind) in other else "bad")
        )
        at = end
    parts.append((" ".join(["", *text[at:]]) if at else " ".join(text), "", ""))
    return [part for part in parts if part[0]]
