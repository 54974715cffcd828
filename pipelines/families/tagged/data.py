"""Data in any scheme of tags -> ids of tags in the model's scheme."""

import dataclasses
import itertools

from pipelines.edge import spans, words
from pipelines.errors import PipelineError
from pipelines.families.tagged import device_words
from pipelines.formats import _tags
from pipelines.formats.examples import Examples, Problem
from pipelines.ops import schemes

TAGS = "tags"  # the feature whose names are the tags, after `adapt`
TARGETS = ("tags", "ner", "upos", "pos")  # what is learned by default: the first that the data has
LONGEST = 128  # words that max_length=0 takes at most


def adapt(data, config):
    """Data whose column `tags` has ids of tags in the model's scheme, next to `tokens` alone.

    Tags that break their scheme are Problems, unless `mend_tags`; they are read as conlleval does.
    Raises PipelineError if the data has not got the features.
    """
    source, target = _features(data, config)
    problems = list(data.problems)
    rows = _names_of(data, target, problems)
    rows, labels, scheme = _in_scheme(data, rows, target, config, problems)
    names = data.labels.get(source)
    tokens = {
        split: _named_rows(examples.columns[source], names)
        for split, examples in data.splits.items()
    }
    sentences = _as_on_device(tokens, rows, scheme)
    problems += device_words.said(list(itertools.chain(*sentences.values())), source)
    splits = {}
    for split, examples in data.splits.items():
        splits[split] = _examples(examples, sentences[split], labels)
        made = [sentence.tags for sentence in sentences[split]]
        problems += _long(splits[split], made, config)
    return dataclasses.replace(data, splits=splits, labels={TAGS: labels}, problems=problems)


def _names_of(data, target, problems):
    """{split: the names of the tags of each sentence}."""
    names = data.labels.get(target)
    rows = {}
    for split, examples in data.splits.items():
        rows[split] = _named_rows(examples.columns[target], names)
        problems += _unknown(examples, rows[split], names, target)
    return rows


def _in_scheme(data, rows, target, config, problems):
    """({split: tags in the model's scheme}, all tags in the order of their ids, the scheme)."""
    names = data.labels.get(target)
    every = list(itertools.chain(*rows.values()))
    scheme = schemes.scheme(every)
    if config.scheme != "plain":
        _refuse_alike(every, data.source, target)
    if "plain" in (config.scheme, scheme):
        return rows, list(names or sorted(set(itertools.chain(*every)))), "plain"
    made = {}
    for split, own in rows.items():
        if not config.mend_tags:
            problems += _broken(data.splits[split], own, scheme, target)
        made[split] = [schemes.convert(tags, config.scheme) for tags in own]
    return made, schemes.labels(_types(made, names), config.scheme), config.scheme


def _as_on_device(tokens, rows, scheme):
    """{split: sentences in the device's words}."""
    by_letter = device_words.is_by_letter(list(itertools.chain(*tokens.values())))
    made = {}
    for split, own in tokens.items():
        pairs = zip(own, rows[split], strict=True)
        made[split] = [device_words.cut(words, tags, scheme, by_letter) for words, tags in pairs]
    return made


def _refuse_alike(rows, source, target):
    """Raises PipelineError for tags that would have a scheme if they were written otherwise."""
    change = schemes.alike(rows)
    if change:
        raise PipelineError(
            f"{source}: {target} would mark spans if its tags were written as usual: {change}."
            " Write them so, or set scheme=plain if each tag stands for itself."
        )


def _features(data, config):
    """(feature of the words, feature of the tags). Raises PipelineError if the data lacks one."""
    target = config.target or next((name for name in TARGETS if _has(data, name)), "")
    source = config.tokens or "tokens"
    _require(data, source, "words", "tokens")
    _require(data, target, "tags", "target")
    return source, target


def _require(data, name, what, of_setting):
    """Raises PipelineError if the data has no feature `name` of `what`, which a setting names."""
    if _has(data, name):
        return
    known = sorted(set().union(*(examples.columns for examples in data.splits.values())))
    wanted = name or " or ".join(TARGETS)
    raise PipelineError(
        f"{data.source} has no feature {wanted!r} of {what}; it has {', '.join(known) or 'none'}."
        f" Name one with {of_setting}=NAME, or choose other data."
    )


def _has(data, name):
    return all(name in examples.columns for examples in data.splits.values())


def _examples(examples, sentences, labels):
    """Words, ids of their tags, and the lines they stand in if those are known."""
    ids = {label: i for i, label in enumerate(labels)}
    tags = [list(map(ids.__getitem__, sentence.tags)) for sentence in sentences]
    columns = {"tokens": [sentence.tokens for sentence in sentences], TAGS: tags}
    if "lines" in examples.columns:
        pairs = zip(examples.columns["lines"], sentences, strict=True)
        columns["lines"] = [[lines[i] for i in sentence.first] for lines, sentence in pairs]
    return Examples(examples.names, columns, examples.where, is_cut=examples.is_cut)


def _unknown(examples, rows, names, target):
    """Problems of ids that name no class; in `rows` they become the first, so that all is looked
    at."""
    if names is None:
        return
    known = set(names)
    for i, tags in enumerate(rows):
        odd = set(tags) - known
        if odd:
            first = next(filter(odd.__contains__, tags))
            message = f"{target} {first} is none of the {len(names)} classes. Correct it."
            yield Problem("error", "unknown-label", examples.where[i], message, examples.names[i])
            rows[i] = [names[0] if tag in odd else tag for tag in tags]


def _broken(examples, rows, scheme, target):
    for i, tags in enumerate(rows):
        yield from _tags.broken(examples, i, tags, scheme, target)


def _types(rows, names):
    """Types of the spans that there are, and then those that only the names of the tags have."""
    there = {kind for own in rows.values() for tags in own for _, _, kind in spans.spans(tags)}
    marked = [name for name in names or () if name != "O" and schemes.TAG.fullmatch(name)]
    known = sorted(spans.split(name)[1] for name in marked)
    return list(dict.fromkeys([*sorted(there), *known]))


def _named_rows(rows, names):
    return [_named(row, names) for row in rows]


def _named(row, names):
    """Names of ids; an id that has none stays a number, which no scheme has."""
    if names is None:
        return list(row)
    known = dict(enumerate(names))
    return [known.get(int(item), str(item)) for item in row]


def _long(examples, rows, config):
    """What of a split is longer than the model takes."""
    room = config.max_length or LONGEST
    long = [i for i, tokens in enumerate(examples.columns["tokens"]) if len(tokens) > room]
    if long:
        cut = sum(_cut(rows[i], room, config.scheme == "plain") for i in long)
        message = (
            f"{len(long):,} sentences have more than {room} words, as the one here; they go through"
            f" the model in overlapping windows, whose borders lie within {cut:,} spans. Raise"
            " max_length, or part them."
        )
        yield Problem("warning", "long", examples.where[long[0]], message)


def _cut(tags, room, plain):
    """How many spans of a sentence a border of windows lies within."""
    ends = [last for *_, last in words.windows([1] * len(tags), room)]
    found = spans.spans(tags, plain)
    return sum(any(start < end < stop for end in ends) for start, stop, _ in found)
