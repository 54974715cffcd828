"""What is wrong with pairs of texts: empty sides, copies, leaks, another script, odd lengths."""

import collections
import unicodedata

import numpy as np

from pipelines.formats._text_pairs import EMPTY, SIDES
from pipelines.formats.examples import Problem

FEW = 20  # pairs at least, by which what is usual can be told
FAR = 3.0  # times the usual ratio of lengths: beyond it a pair is hardly one
SHORT = 20  # characters of the longer side: below it, ratios say little
SCRIPT = 0.9  # share of letters of one script that makes it the script of a side
LETTERS = 4  # of a text, at least, whose script can be told


def problems(data, config):
    """Problems of pairs in `source` and `target`."""
    found, known = [], {own.example for own in data.problems if own.kind == EMPTY}
    for split, examples in data.splits.items():
        found += _empty(examples, known)
        found += _copies(split, examples)
        found += _long(split, examples, config)
    return [*found, *_leaks(data), *_scripts(data), *_ratios(data)]


def _pairs(examples):
    """(row, source, target) of those with both sides."""
    sides = zip(examples.columns["source"], examples.columns["target"], strict=True)
    return [(i, a, b) for i, (a, b) in enumerate(sides) if a.strip() and b.strip()]


def _empty(examples, known):
    """Pairs with an empty side, but for those that are `known`, by name."""
    columns = (examples.columns[side] for side in SIDES)
    for i, texts in enumerate(zip(*columns, strict=True)):
        lacking = [side for side, text in zip(SIDES, texts, strict=True) if not text.strip()]
        if lacking and examples.names[i] not in known:
            message = f"the {' and the '.join(lacking)} is empty. Fill it, or delete the pair."
            yield Problem("error", EMPTY, examples.where[i], message, examples.names[i])


def _copies(split, examples):
    """Targets that are their sources, which teach a model to copy."""
    pairs = _pairs(examples)
    same = [i for i, source, target in pairs if source == target and len(source.split()) > 1]
    if same:
        message = (
            f"{len(same):,} of {len(pairs):,} targets are copies of their sources, as the one here."
            " Delete them, unless they are meant."
        )
        yield Problem("warning", "copy", examples.where[same[0]], message)


def _long(split, examples, config):
    """Texts with more words than a model reads items."""
    for side in SIDES:
        counts = [len(text.split()) for text in examples.columns[side]]
        long = [i for i, count in enumerate(counts) if count >= config.length]
        if long:
            message = (
                f"{len(long):,} texts of the {side} have {config.length} words or more, as the one"
                " here, and what is beyond is not learned. Raise length, or part them."
            )
            yield Problem("warning", "long", examples.where[long[0]], message)


def _leaks(data):
    """Sources of a held-out split that another one has as well."""
    seen = collections.defaultdict(list)
    for split in ("test", "validation", "train"):
        for i, source, _ in _pairs(data.splits[split]) if split in data.splits else ():
            seen[source].append((split, i))
    groups = [own for own in seen.values() if len({split for split, _ in own}) > 1]
    if groups:
        (first, i), *_ = groups[0]
        other, j = next(own for own in groups[0] if own[0] != first)
        message = (
            f"{len(groups):,} sources are in two splits, as this one of {first}, which is in"
            f" {other} as well, at {data.splits[other].where[j]}. Delete them from one."
        )
        yield Problem("warning", "leak", data.splits[first].where[i], message)


def _scripts(data):
    """Texts in another script than their side."""
    for place, side in enumerate(SIDES):
        every = [
            (part, i, sides[place]) for part in data.splits.values() for i, *sides in _pairs(part)
        ]
        usual = _usual([text for *_, text in every])
        odd = [(part, i) for part, i, text in every if usual and _is_other(text, usual)]
        if odd:
            part, i = odd[0]
            message = (
                f"{len(odd):,} texts of the {side} are not in {usual.lower()} letters, as most are;"
                " this is the first. Are they in another language? Then delete the pairs."
            )
            yield Problem("warning", "script", part.where[i], message)


def _usual(texts):
    """The script of nearly all letters of texts, or "" if there is none, or too little text."""
    counts = collections.Counter()
    for text in texts:
        counts.update(scripts(text))
    if not counts or len(texts) < FEW:
        return ""
    usual, count = counts.most_common(1)[0]
    return usual if count >= SCRIPT * counts.total() else ""


def scripts(text):
    """How many letters of each script a text has, by the first word of their names."""
    letters = filter(str.isalpha, text)
    return collections.Counter(unicodedata.name(c, "UNKNOWN").split()[0] for c in letters)


def _is_other(text, usual):
    own = scripts(text)
    return own.total() >= LETTERS and own[usual] < own.total() / 2


def _ratios(data):
    """Pairs of which one side is far longer than the other usually is."""
    every = [(part, i, len(a), len(b)) for part in data.splits.values() for i, a, b in _pairs(part)]
    if len(every) < FEW:
        return
    ratios = np.array([b / a for *_, a, b in every])
    usual = np.median(ratios)
    apart = np.maximum(ratios / usual, usual / ratios)
    longer = np.array([max(a, b) for *_, a, b in every])
    odd = np.flatnonzero((apart > FAR) & (longer > SHORT))
    if len(odd):
        part, i, a, b = every[odd[0]]
        message = (
            f"{len(odd):,} pairs differ in length by more than {FAR:g} times what is usual, as the"
            f" one here with {a:,} and {b:,} characters. Are they translations of each other?"
        )
        yield Problem("warning", "ratio", part.where[i], message)
