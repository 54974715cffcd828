"""The audit's checks of whole texts: the column `text`, in which each example has one label."""

import collections
import statistics

from pipelines.engine.audit import labels as audit_labels
from pipelines.formats.examples import Problem


def empty(data, facts):
    for _, examples in _texts(data):
        for i, text in enumerate(examples.columns["text"]):
            if not text.strip():
                message = "there is no text. Fill it or delete the example."
                yield Problem("error", "empty", examples.where[i], message, examples.names[i])


def repeated(data, facts):
    """The same text in two splits, with two labels, or twice. The later split stays whole, as with pictures."""
    groups = collections.defaultdict(list)
    for split, examples in _texts(data):
        for i, text in enumerate(examples.columns["text"]):
            groups[" ".join(text.split())].append((split, examples, i))
    for said, same in groups.items():
        if not said or len(same) == 1:
            continue
        first, (last, last_examples, last_i) = {}, same[-1]
        labels = [audit_labels.names(data, facts.feature, examples, i) for _, examples, i in same]
        for (split, examples, i), own in zip(same, labels, strict=True):
            where, name = examples.where[i], examples.names[i]
            if split != last:
                message = (
                    f"this text is also in {last}, at {last_examples.where[last_i]}. Delete it from"
                    f" {split}."
                )
                yield Problem("error", "leak", where, message, name)
            other = next((k for k, label in enumerate(labels) if label != own), None)
            if other is not None:
                place = same[other][1].where[same[other][2]]
                message = (
                    f"this text has the label {', '.join(own)!r}, and {', '.join(labels[other])!r}"
                    f" at {place}. Keep the right one."
                )
                yield Problem("error", "conflict", where, message, name)
            elif split in first:
                yield Problem(
                    "warning",
                    "duplicate",
                    where,
                    f"the same text as {first[split]}. Delete one of them.",
                )
            first.setdefault(split, where)


def lengths(data, facts):
    for split, examples in _texts(data):
        counts = [len(text.split()) for text in examples.columns["text"]]
        if counts:
            message = (
                f"a text has {statistics.median(counts):g} words in the middle, {max(counts):,} at"
                " most."
            )
            yield Problem("note", "words", split, message)


CHECKS = (empty, repeated, lengths)


def _texts(data):
    """(split, Examples) that have whole texts and no words with tags of their own, in the order of splits."""
    for split, examples in audit_labels.splits(data):
        if "text" in examples.columns and "tokens" not in examples.columns:
            yield split, examples
