"""Which columns are the source and the target, and splits that share no source."""

import dataclasses

from pipelines.errors import PipelineError
from pipelines.formats import _text_pairs as text_pairs
from pipelines.formats._text_files import digest
from pipelines.formats.examples import Problem, cut_splits, joined

OWN = text_pairs.SIDES
KEY = "id"  # what tells examples apart in many data sets, unless it is Indonesian


def chosen(data, config):
    """(column of the source, column of the target). Raises PipelineError if that is not clear."""
    known = _known(data)
    names = (config.source, config.target)
    if set(OWN) <= set(known):  # adapted already, or called so
        return OWN
    for name in filter(None, names):
        if name not in known:
            raise PipelineError(
                f"{data.source} has no language {name!r}; it has {_listed(known)}. Set source= and"
                " target= to two of them."
            )
    if names[0] and names[0] == names[1]:
        raise PipelineError(f"source and target must differ; got {names[0]} for both.")
    if all(names):
        return names
    if len(known) != 2:
        raise PipelineError(
            f"translation learns from texts in two languages; {data.source} has {_listed(known)}."
            " Set source= and target= to two of them, or choose other data."
        )
    other = {known[0]: known[1], known[1]: known[0]}
    if names[1]:
        return other[names[1]], names[1]
    source = names[0] or known[0]
    return source, other[source]


def said(data, names):
    """A note of the direction, if the columns are called after languages."""
    if names == OWN:
        return []
    message = f"from {names[0]} to {names[1]}; source= and target= say it otherwise."
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
    """The columns that may be sides, in the order of the data."""
    first = next(iter(data.splits.values()))
    found = [name for name in first.columns if name in OWN or text_pairs.is_language(name)]
    others = [name for name in found if name != KEY]
    return others if len(others) > 1 else found


def _listed(names):
    return ", ".join(names) or "none"
