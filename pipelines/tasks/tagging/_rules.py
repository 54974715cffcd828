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
    plain = config.scheme == "plain"
    kinds = [name if plain else spans.split(name)[1] for name in config.labels if name != "O"]
    found = _rules.read(config.rules) if config.rules else []
    for kind in _rules.kinds(found):
        if kind not in kinds:
            raise PipelineError(
                f"{config.rules} has rules for {kind!r}, and the data has"
                f" {', '.join(dict.fromkeys(kinds))}. {nearest(kind, kinds)}"
            )
    if config.gazetteers:
        found += _phrases(examples, config, plain)
    return {"rules": found}


def _phrases(examples, config, plain):
    """A rule for each phrase that is a span in `config.gazetteers` places, and in PURE of all."""
    marked = collections.defaultdict(collections.Counter)
    rows = [[words.normal(token) for token in row] for row in examples.columns["tokens"]]
    for row, tags in zip(rows, examples.columns["tags"], strict=True):
        names = [config.labels[i] for i in tags]
        for start, end, kind in spans.spans(names, plain):
            if end - start <= LONGEST:
                marked[tuple(row[start:end])][kind] += 1
    best = {phrase: counts.most_common(1)[0] for phrase, counts in marked.items()}
    often = {p: (kind, n) for p, (kind, n) in best.items() if n >= config.gazetteers}
    everywhere = _counted(rows, often)
    for phrase, (kind, count) in sorted(often.items()):
        if count >= PURE * everywhere[phrase]:
            yield _rules.line(kind, list(phrase))


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
