"""The audit's checks of whole texts: the column `text`, in which each example has one label."""

import collections
import statistics
from collections.abc import Iterator

from pipelines.engine.audit.facts import (
    Example,
    Facts,
    again,
    contradictions,
    each,
    earlier,
    over,
    same,
)
from pipelines.formats.examples import Problem

PARAGRAPH = 20  # words of a text that no one writes twice by chance


def empty(example: Example, facts: Facts) -> Iterator[Problem]:
    if not example["text"].strip():
        yield example.error("empty", "there is no text. Fill it or delete the example.")


def leaks(group: list[Example], facts: Facts) -> Iterator[Problem]:
    """The same text in two splits."""
    last = group[-1]
    for example in earlier(group):
        message = (
            f"this text is also in {last.split}, at {last.where}. Delete it from {example.split}."
        )
        yield example.error("leak", message)


def conflicts(group: list[Example], facts: Facts) -> Iterator[Problem]:
    """The same text with two labels. No one can tell which is right, so none of them is used."""
    for example, label, other, others_label in contradictions(group, _labels(group, facts)):
        message = (
            f"this text has the label {label!r}, and {others_label!r} at {other.where}. Keep the"
            " right one."
        )
        yield example.error("conflict", message)


def duplicates(group: list[Example], facts: Facts) -> Iterator[Problem]:
    """The same text twice in one split, with one label."""
    if len(set(_labels(group, facts))) > 1:
        return
    for example, first in again(group):
        message = f"the same text as {first.where}. Delete one of them."
        yield example.warning("duplicate", message)


def lengths(facts: Facts) -> Iterator[Problem]:
    counts = collections.defaultdict(list)
    for example in _texts(facts):
        counts[example.split].append(len(example["text"].split()))
    for split, words in counts.items():
        message = (
            f"a text has {statistics.median(words):g} words in the middle, {max(words):,} at most."
        )
        yield Problem("note", "words", split, message)


def _texts(facts: Facts) -> Iterator[Example]:
    """The examples of whole texts, which are those without words that have tags of their own."""
    return (e for e in each(facts.data, "text") if "tokens" not in e.examples.columns)


def _same(facts: Facts) -> list[list[Example]]:
    """Groups of examples whose text is the same but for its spaces."""
    texts = (example for example in _texts(facts) if _says_enough(example))
    return same(texts, lambda example: " ".join(example["text"].split()))


def _says_enough(example: Example) -> bool:
    """Whether a text that comes twice tells anything: one with a label, or a paragraph.

    Running text has headings and short lines again and again.
    """
    words = len(example["text"].split())
    return words >= PARAGRAPH or (words > 0 and "label" in example.examples.columns)


CHECKS = (
    over(_texts, empty),
    over(_same, leaks),
    over(_same, conflicts),
    over(_same, duplicates),
    lengths,
)


def _labels(group: list[Example], facts: Facts) -> list[str]:
    return [", ".join(example.classes(facts.data, facts.feature)) for example in group]
