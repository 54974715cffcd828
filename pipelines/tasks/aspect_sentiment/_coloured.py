"""Marks of aspects in the colours of their polarities."""

from pipelines import canvas

COLOURS = {"positive": "kind2", "negative": "kind1", "neutral": "kind0", "conflict": "kind3"}
WRONG = "✗"


def spans(text):
    """MarkedText whose marks are good or bad -> in the colours of their labels; bad ones have a
    cross, too."""
    rows = [(heading, [part(*own) for own in parts]) for heading, parts in text.rows]
    return canvas.MarkedText(rows)


def part(text, label, style):
    """A part of a row, in the colour of its label."""
    shown = f"{label} {WRONG}" if style == "bad" else label
    return text, shown, COLOURS.get(label, "")
