"""From what the user calls data to the splits of one run: read, audit, refuse or leave out, and match the labels."""

import os
from pathlib import Path

from pipelines import catalog
from pipelines.engine import audit as auditing
from pipelines.engine import pictures
from pipelines.engine.data import Split
from pipelines.errors import PipelineError, Refused
from pipelines.formats.examples import Data, Examples


def read(source, format="auto"):
    """Data of a catalog name, `tfds:NAME`, a path, or of Data itself."""
    return source if isinstance(source, Data) else catalog.load(str(source), format)


def usable(data, on_bad_data):
    """(data that training may use, its audit, names left out). Raises Refused where errors are to be mended first."""
    result = auditing.audit(data)
    if not result.errors:
        return data, result, []
    if on_bad_data == "refuse":
        first = next(p for p in result.problems if p.severity == "error")
        raise Refused(
            f"the data has {result.errors} error{'s' if result.errors > 1 else ''}: {first.where}: {first.message} "
            "`pipelines audit` lists all; on_bad_data=skip trains without these examples."
        )
    hopeless = [p for p in result.problems if p.severity == "error" and p.kind in auditing.HOPELESS]
    if hopeless:
        raise Refused(f"{hopeless[0].where}: {hopeless[0].message}")
    kept = auditing.without(data, result.bad)
    if not len(kept.splits.get("train", ())):
        raise Refused(f"every training example of {data.source} has an error. `pipelines audit` lists them.")
    return kept, result, sorted(result.bad)


def split(data, name, task, config):
    """Split `name` of `data`, with the labels of `config`. Raises PipelineError where it is missing or has others."""
    if name not in data.splits:
        raise PipelineError(f"{data.source} has no split {name!r}. It has: {', '.join(data.splits)}.")
    examples = _relabelled(data, data.splits[name], config.labels)
    return Split(pictures.prepare(examples, _cache()), task, config)


def _relabelled(data, examples, labels):
    """Ids of `data`'s own labels -> ids of `labels`."""
    columns = dict(examples.columns)
    for feature, names in data.labels.items():
        if feature not in columns or tuple(names) == tuple(labels):
            continue
        ids = {i: labels.index(name) for i, name in enumerate(names) if name in labels}
        for i, values in enumerate(columns[feature]):
            for value in values if hasattr(values, "__len__") else [values]:
                if int(value) not in ids:
                    raise PipelineError(
                        f"{examples.where[i]}: label {names[int(value)]!r} is not among the labels of training: "
                        f"{', '.join(labels)}."
                    )
        columns[feature] = [
            [ids[int(v)] for v in values] if hasattr(values, "__len__") else ids[int(values)]
            for values in columns[feature]
        ]
    return Examples(examples.names, columns, examples.where, examples.pictures)


def _cache():
    """Where pictures that TensorFlow cannot decode lie in a form that it can."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pipelines" / "pictures"
