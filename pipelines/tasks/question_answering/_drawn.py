"""A passage as a row of text in which the answer is marked."""

from pipelines import canvas
from pipelines.edge import wordpiece
from pipelines.metrics import answers, squad
from pipelines.metrics.entities import word


def passage(inputs, decoded, config, targets=None):
    """The question, and the passage with the answer; with the right ones, if targets are given."""
    pieces = [config.learned["pieces"][i] for i in inputs["pieces"] if i]
    question = wordpiece.joined(pieces[1 : pieces.index(wordpiece.END)])
    start, end = int(decoded["start"]), int(decoded["end"])
    is_none = config.has_none and float(decoded["score"]) < 0
    rows = [("asked", [(question, "", "")])]
    if targets is None:
        own = [config.learned["pieces"][i] for i in inputs["pieces"][start : end + 1]]
        return canvas.MarkedText([*rows, ("found", _found(wordpiece.joined(own), is_none, ""))])
    right = answers.right(targets["answers"])
    text = "" if is_none else answers.found(targets, start, end)
    style = "good" if squad.scores(text, right)[0] else "bad"
    whole = word(targets["text"])
    first, stop = int(targets["begins"][start]), int(targets["ends"][end])
    parts = [(whole[:first], "", ""), (whole[first:stop], "answer", style), (whole[stop:], "", "")]
    found = _found("", True, style) if is_none else [part for part in parts if part[0]]
    true = [(" | ".join(right) or "no answer", "", "")]
    return canvas.MarkedText([*rows, ("is", true), ("found", found)])


def _found(text, is_none, style):
    return [("no answer" if is_none else text or "…", "answer", style or "neutral")]
