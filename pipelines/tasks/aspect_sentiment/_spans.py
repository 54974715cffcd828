"""The aspects of data, with the polarities that are learned: as spans of text, and as tags."""

import dataclasses

from pipelines.errors import PipelineError
from pipelines.families.tagged.data import TAGS
from pipelines.formats import _aspects as aspects
from pipelines.formats._spanned_text import SpannedText
from pipelines.formats.examples import UNLABELLED, Problem, ids_of
from pipelines.ops import schemes

PLACES = (aspects.START, aspects.END, aspects.POLARITY)


def has(data):
    """Whether data has texts with aspects, as readers give them."""
    return {"text", *PLACES} <= data.columns()


def spans(data, config, problems):
    """{split: [spans of an example]}: (start, end, polarity) of each aspect that is learned.

    A Problem is added for each aspect that is not within its text, and for what is left out.
    """
    known = list(map(_known, data.labels[aspects.POLARITY]))
    found = {}
    left_out = 0
    for split, examples in data.splits.items():
        every = [_within(examples, i, known, problems) for i in range(len(examples))]
        found[split] = [_learned(row, config) for row in every]
        left_out += sum(map(len, every)) - sum(map(len, found[split]))
    if left_out:
        message = (
            f"{left_out:,} aspects of which both good and bad is said are left out. conflict=keep"
            " makes them a class, conflict=neutral counts them as neutral."
        )
        problems.append(Problem("note", "conflict", data.source, message))
    return found


def names(found):
    """The polarities that there are, in the usual order."""
    there = {label for rows in found.values() for row in rows for *_, label in row}
    return [name for name in aspects.POLARITIES if name in there]


def as_tags(data, config):
    """Data with `tokens` and `tags` in BIO in place of text and aspects; other data as it is."""
    if not has(data):
        return data
    problems = list(data.problems)
    found = spans(data, config, problems)
    labels = schemes.labels(names(found), "bio")
    ids, splits = ids_of(labels), {}
    for split, examples in data.splits.items():
        columns = {"tokens": [], TAGS: []}
        for i, text in enumerate(examples.columns["text"]):
            own = _apart(found[split][i], examples.where[i], problems)
            tokens, tags = _words(text, own, examples, i, problems)
            columns["tokens"].append(tokens)
            columns[TAGS].append([ids[tag] for tag in tags])
        splits[split] = dataclasses.replace(examples, columns=columns)
    return dataclasses.replace(data, splits=splits, labels={TAGS: labels}, problems=problems)


def _known(name):
    try:
        return aspects.polarity(name)
    except ValueError as error:
        raise PipelineError(f"{error}") from error


def _within(examples, i, known, problems):
    """Spans of an example whose polarity is known, in order, without those beyond its text."""
    length, found = len(examples.columns["text"][i]), []
    for start, end, number in zip(*(examples.columns[n][i] for n in PLACES), strict=True):
        if not 0 <= start < end <= length:
            problems.append(_outside(examples, i, start, end))
        elif number != UNLABELLED:
            found.append((int(start), int(end), known[number]))
    return sorted(found)


def _learned(row, config):
    """Spans with the polarities that are learned of them, as `config.conflict` says."""
    changed = {"drop": "", "keep": "conflict", "neutral": "neutral"}[config.conflict]
    named = [(*place, changed if name == "conflict" else name) for *place, name in row]
    return [span for span in named if span[2]]


def _outside(examples, i, start, end):
    message = (
        f"an aspect from {start} to {end} is not within the text of"
        f" {len(examples.columns['text'][i])} characters. Correct the offsets."
    )
    return Problem("error", "offsets", examples.where[i], message, examples.names[i])


def _apart(found, where, problems):
    """Spans of which none overlaps another: the longest of those that do."""
    kept = []
    for span in sorted(found, key=lambda span: (span[0] - span[1], span)):
        if all(span[1] <= start or end <= span[0] for start, end, _ in kept):
            kept.append(span)
    if len(kept) < len(found):
        message = (
            f"{len(found) - len(kept)} of its aspects lie over others, and the longest are learned."
            " Methods that are given aspects, such as bert_given, learn all."
        )
        problems.append(Problem("warning", "overlap", where, message))
    return sorted(kept)


def _words(text, found, examples, i, problems):
    """(words, tags in BIO); without aspects if they cannot be told by words, which is an error."""
    try:
        return SpannedText(text, found).words_and_tags(examples.where[i], problems)
    except ValueError as error:
        message = f"{error}. Correct the aspects."
        problems.append(Problem("error", "row", examples.where[i], message, examples.names[i]))
        return SpannedText(text, []).words_and_tags(examples.where[i], problems)
