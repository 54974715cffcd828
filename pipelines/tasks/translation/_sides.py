"""Which columns are the source and the target, and splits that share no source."""

import dataclasses

from pipelines.errors import PipelineError
from pipelines.formats import _text_pairs as text_pairs
from pipelines.formats._text_files import digest
from pipelines.formats.examples import Problem, cut_splits, joined

OWN = text_pairs.SIDES
KEY = "id"  # what tells examples apart in many data sets, unless it is Indonesian


def chosen(data, config):
    """{name of a side: its column}, the source first. Raises PipelineError if that is not clear."""
    known = _known(data)
    names = (config.source, config.target)
    if set(OWN) <= set(known):  # adapted already, or called so
        return {side: known[side] for side in OWN}
    for name in filter(None, names):
        if name not in known:
            raise PipelineError(
                f"{data.source} has no language {name!r}; it has {_listed(known)}. Set source= and"
                " target= to two of them."
            )
    if names[0] and names[0] == names[1]:
        raise PipelineError(f"source and target must differ; got {names[0]} for both.")
    if not all(names):
        names = _guessed(data, known, *names)
    return {name: known[name] for name in names}


def _guessed(data, known, source, target):
    """(source, target) of two languages, of which one may be named."""
    if len(known) != 2:
        raise PipelineError(
            f"translation learns from texts in two languages; {data.source} has {_listed(known)}."
            " Set source= and target= to two of them, or choose other data."
        )
    first, second = known
    if source == second or target == first:
        return second, first
    return first, second


def said(data, names):
    """A note of the direction, if the columns are called after languages."""
    if tuple(names) == OWN:
        return []
    source, target = names
    message = f"from {source} to {target}; source= and target= say it otherwise."
    return [Problem("note", "direction", data.source, message)]


def recut(splits):
    """Splits that were cut out of training are cut anew, so that no two of them share a source."""
    cut = [name for name, part in splits.items() if part.is_cut]
    if not cut or "train" not in splits:
        return splits
    whole = joined([splits["train"], *(splits[name] for name in cut)])
    whole = whole.take(sorted(range(len(whole)), key=whole.names.__getitem__))
    said = dict(zip(whole.names, map(digest, whole.columns[OWN[0]]), strict=True))
    rest = {name: part for name, part in splits.items() if name not in cut}
    return cut_splits({**rest, "train": dataclasses.replace(whole, is_cut=False)}, said.get)


def _known(data):
    """{language: column} of those that may be sides, in the order of the data."""
    first = next(iter(data.splits.values()))
    called = {name.rpartition("/")[2]: name for name in first.columns}  # translation/en of TFDS
    found = {own: name for own, name in called.items() if own in OWN or text_pairs.is_language(own)}
    others = {own: name for own, name in found.items() if own != KEY}
    return others if len(others) > 1 else found


def _listed(names):
    return ", ".join(names) or "none"
