"""Data in any scheme of tags -> ids of tags in the model's scheme."""

import dataclasses

from pipelines.edge import spans, words
from pipelines.errors import PipelineError
from pipelines.formats import _tags
from pipelines.formats.examples import Examples, Problem
from pipelines.ops import schemes

TAGS = "tags"  # the feature whose names are the tags, after `adapt`
TARGETS = ("tags", "ner", "upos", "pos")  # what is learned by default: the first that the data has
LONGEST = 128  # words that max_length=0 takes at most


def adapt(data, config):
    """Data whose column `tags` has ids of tags in the model's scheme, beside `tokens` and nothing
    else.

    Tags that break their scheme are Problems, unless `mend_tags`; they are read as conlleval does.
    Raises PipelineError where the data has not got the features.
    """
    target = config.target or next((name for name in TARGETS if _has(data, name)), "")
    source = config.tokens or "tokens"
    for name, what, name_of_setting in ((source, "words", "tokens"), (target, "tags", "target")):
        if not name or not _has(data, name):
            known = sorted({c for examples in data.splits.values() for c in examples.columns})
            raise PipelineError(
                f"{data.source} has no feature {name or ' or '.join(TARGETS)!r} of {what}; it has"
                f" {', '.join(known) or 'none'}. Name one with {name_of_setting}=NAME, or choose"
                " other data."
            )
    names = data.labels.get(target)
    rows = {
        split: [[_name(tag, names) for tag in tags] for tags in examples.columns[target]]
        for split, examples in data.splits.items()
    }
    problems = [*data.problems, *_unknown(data, rows, names, target)]
    scheme = schemes.scheme(tags for every in rows.values() for tags in every)
    if config.scheme == "plain" or scheme == "plain":
        labels = list(
            names or sorted({tag for every in rows.values() for tags in every for tag in tags})
        )
    else:
        for split, every in rows.items():
            examples = data.splits[split]
            for i, tags in enumerate(every):
                if not config.mend_tags:
                    problems += _tags.broken(examples, i, tags, scheme, target)
                every[i] = schemes.convert(tags, config.scheme)
        types = sorted(
            {kind for every in rows.values() for tags in every for _, _, kind in spans.spans(tags)}
        )
        known = [
            spans.split(name)[1]
            for name in names or ()
            if name != "O" and schemes.TAG.fullmatch(name)
        ]  # of types that no sentence has, too
        labels = schemes.labels(list(dict.fromkeys([*types, *sorted(known)])), config.scheme)
    ids = {label: i for i, label in enumerate(labels)}
    splits = {}
    for split, examples in data.splits.items():
        tokens = [
            [_name(word, data.labels.get(source)) for word in every]
            for every in examples.columns[source]
        ]
        columns = {"tokens": tokens, TAGS: [[ids[tag] for tag in tags] for tags in rows[split]]}
        if "lines" in examples.columns:
            columns["lines"] = examples.columns["lines"]
        splits[split] = Examples(examples.names, columns, examples.where)
        problems += _long(splits[split], rows[split], config)
    return dataclasses.replace(data, splits=splits, labels={TAGS: labels}, problems=problems)


def _has(data, name):
    return all(name in examples.columns for examples in data.splits.values())


def _unknown(data, rows, names, target):
    """Problems of ids that name no class; in `rows` they become the first one, so that all else can be looked at."""
    for split, every in rows.items() if names is not None else ():
        examples = data.splits[split]
        for i, tags in enumerate(every):
            if odd := [tag for tag in tags if tag not in names]:
                message = f"{target} {odd[0]} is none of the {len(names)} classes. Correct it."
                yield Problem(
                    "error", "unknown-label", examples.where[i], message, examples.names[i]
                )
                every[i] = [tag if tag in names else names[0] for tag in tags]


def _name(tag, names):
    """A tag's name; an id that has none stays a number, which no scheme has."""
    return tag if names is None else names[int(tag)] if int(tag) in range(len(names)) else str(tag)


def _long(examples, rows, config):
    """What of a split is longer than the model takes."""
    room = config.max_length or LONGEST
    long = [i for i, tokens in enumerate(examples.columns["tokens"]) if len(tokens) > room]
    if long:
        cut = 0
        for i in long:
            ends = {last for *_, last in words.windows([1] * len(rows[i]), room)}
            found = spans.spans(rows[i], config.scheme == "plain")
            cut += sum(any(a < end < b for end in ends) for a, b, _ in found)
        message = (
            f"{len(long):,} sentences have more than {room} words, as the one here; they go through"
            f" the model in overlapping windows, whose borders lie within {cut:,} spans. Raise"
            " max_length, or part them."
        )
        yield Problem("warning", "long", examples.where[long[0]], message)
