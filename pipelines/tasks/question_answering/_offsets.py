"""Where answers begin in their passage: checked, and mended if what was counted is clear."""

import collections

from pipelines.formats._questions import UNKNOWN
from pipelines.formats.examples import Problem

UNITS = {"utf-8": "bytes", "utf-16-le": "UTF-16 units"}  # encoding -> what offsets may count
WIDTH = {"utf-8": 1, "utf-16-le": 2}  # bytes of a unit


def mended(part, split):
    """(answers of each example at their places in characters, Problems)."""
    counts, problems, made = collections.Counter(), [], []
    rows = zip(part.columns["context"], part.columns["answers"], strict=True)
    for i, (context, answers) in enumerate(rows):
        own = []
        for text, start in answers:
            place, counted = found(context, text, start)
            counts[counted] += 1
            if place is None:
                message = _said(context, text, start)
                kind = "answer-offset" if text.strip() and text in context else "answer-missing"
                problems.append(Problem("error", kind, part.where[i], message, part.names[i]))
                continue
            own.append([text, place])
        made.append(own)
    return made, [*problems, *_summed(counts, split)]


def found(context, text, start):
    """(where the answer begins, or None; what `start` counts: "characters", "bytes", ...).

    An offset that fits in characters is right. Else it is read as bytes and as UTF-16 units, and
    else the answer is looked for: if it is there once, it is clear which is meant.
    """
    if not text.strip():
        return None, "nothing"
    if start >= 0 and context.startswith(text, start):
        return start, "characters"
    for encoding, unit in UNITS.items() if start >= 0 else ():
        place = _counted(context, text, start, encoding)
        if place is not None:
            return place, unit
    place = context.find(text)
    if place < 0 or (start != UNKNOWN and context.count(text) > 1):
        return None, "nothing"
    return place, "searched" if start == UNKNOWN else "moved"


def _counted(context, text, start, encoding):
    """Where the answer begins if `start` counts the units of an encoding, or None."""
    whole = context.encode(encoding, "surrogatepass")
    before = whole[: start * WIDTH[encoding]]
    try:
        place = len(before.decode(encoding, "surrogatepass"))
    except UnicodeDecodeError:
        return None
    return place if context.startswith(text, place) else None


def _said(context, text, start):
    """What is wrong with an answer that has no place."""
    if not text.strip():
        return 'an answer is empty. A question without an answer has "answers": [].'
    count = context.count(text)
    if not count:
        return f"the passage does not have the answer {_short(text)}. Correct one of them."
    there = context[max(0, start) : max(0, start) + len(text)]
    return (
        f"the answer {_short(text)} is not at {start}, where there is {_short(there)}; the passage"
        f" has it {count} times. Correct answer_start, which counts characters from 0."
    )


def _summed(counts, split):
    """What was mended, a Problem for each way."""
    for unit in UNITS.values():
        if counts[unit]:
            message = (
                f"answer_start of {counts[unit]:,} answers counts {unit}, not characters; they are"
                " read so. Write characters."
            )
            yield Problem("warning", "answer-units", split, message)
    if counts["moved"]:
        message = (
            f"{counts['moved']:,} answers are not where answer_start says; the passage has each"
            " once, and that place is taken."
        )
        yield Problem("warning", "answer-moved", split, message)
    if counts["searched"]:
        message = (
            f"{counts['searched']:,} answers come without answer_start: the first place in the"
            " passage is taken."
        )
        yield Problem("note", "answer-searched", split, message)


def _short(text):
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
