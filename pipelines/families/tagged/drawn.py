"""A sentence as a row of text whose spans are marked."""

from pipelines import canvas
from pipelines.edge import spans, words
from pipelines.families.tagged import places
from pipelines.metrics import entities

UNKNOWN = "…"  # shown for a word that the model does not know


def sentence(inputs, decoded, config, targets=None):
    """One example with the spans that were found; with the true ones in a row above, if there are
    targets."""
    length, plain = int((places.word_ids(inputs) != words.PADDING).sum()), config.scheme == "plain"
    found = spans.spans([config.labels[i] for i in decoded["tags"][:length]], plain)
    if targets is None:
        return canvas.MarkedText([("found", marked(_known(inputs, length, config), found, found))])
    text = [entities.word(letters) for letters in targets["text"][:length]]
    true = spans.spans([config.labels[i] for i in targets["gold"][:length]], plain)
    return canvas.MarkedText(
        [("true", marked(text, true, found)), ("found", marked(text, found, true))]
    )


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


def _known(inputs, length, config):
    """What the model knows of the words: themselves, or their first pieces."""
    if "first" in inputs:
        return [config.learned["pieces"][inputs["pieces"][i]] for i in inputs["first"][:length]]
    if not {"words", "first"} & set(inputs):
        return [UNKNOWN] * length
    names = config.learned["words"]
    return [
        UNKNOWN if i < words.FIRST else names[i - words.FIRST] for i in inputs["words"][:length]
    ]
