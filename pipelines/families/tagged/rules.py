"""The rules of a run: those of a file, and phrases that training nearly always marks alike."""

import collections

from pipelines.edge import spans, words
from pipelines.errors import PipelineError, nearest
from pipelines.formats import _rules

PURE = 0.9  # share of the places of a phrase that have its label, at least
LONGEST = 8  # words of a phrase that is learned


def learned(examples, config):
    """{"rules": lines}, those of the file `config.rules` first; {} if there are none.

    Raises PipelineError if a rule has a label that is no type of span.
    """
    if not (config.rules or config.gazetteers):
        return {}
    found = _of_file(config) if config.rules else []
    if config.gazetteers:
        found += _phrases(examples, config, config.scheme == "plain")
    return {"rules": found}


def _of_file(config):
    """The lines of the file of rules, whose labels must be types of spans."""
    names = [name for name in config.labels if name != "O"]
    kinds = names if config.scheme == "plain" else [spans.split(name)[1] for name in names]
    found = _rules.read(config.rules)
    unknown = [kind for kind in _rules.kinds(found) if kind not in kinds]
    if unknown:
        raise PipelineError(
            f"{config.rules} has rules for {unknown[0]!r}, and the data has"
            f" {', '.join(dict.fromkeys(kinds))}. {nearest(unknown[0], kinds)}"
        )
    return found


def _phrases(examples, config, plain):
    """A rule for each phrase that is a span in `config.gazetteers` places, and in PURE of all."""
    rows = [list(map(words.normal, row)) for row in examples.columns["tokens"]]
    best = {}
    for phrase, kinds in _marked(rows, examples.columns["tags"], config.labels, plain).items():
        kind, count = kinds.most_common(1)[0]
        if count >= config.gazetteers:
            best[phrase] = kind, count
    everywhere = _counted(rows, best)
    for phrase, (kind, count) in sorted(best.items()):
        if count >= PURE * everywhere[phrase]:
            yield _rules.line(kind, list(phrase))


def _marked(rows, tags, labels, plain):
    """{phrase: Counter of the kinds of span that it is} of the spans of LONGEST words at most."""
    found = collections.defaultdict(collections.Counter)
    for row, ids in zip(rows, tags, strict=True):
        for start, end, kind in spans.spans([labels[i] for i in ids], plain):
            if end - start <= LONGEST:
                found[tuple(row[start:end])][kind] += 1
    return found


def _counted(rows, phrases):
    """How often each phrase is in the rows."""
    found = collections.Counter()
    lengths = {len(phrase) for phrase in phrases}
    for row in rows:
        for length in lengths:
            for start in range(len(row) - length + 1):
                phrase = tuple(row[start : start + length])
                found[phrase] += phrase in phrases
    return found
