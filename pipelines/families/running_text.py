"""What methods that learn from text without labels share: the texts of any data set that has
some."""

import dataclasses

from pipelines.errors import PipelineError
from pipelines.formats.examples import COLUMN, Data

TEXTS = ("text", "sentence")  # features that hold the text, as TFDS calls them


def adapt(data: Data) -> Data:
    """Data with the feature `text` alone. Raises PipelineError if there is none."""
    known = data.columns()
    source = next(filter(known.__contains__, TEXTS), None)
    if source is None:
        raise PipelineError(_no_text(data))
    splits = {}
    for split, examples in data.splits.items():
        columns = {"text": examples.columns[source]}
        splits[split] = dataclasses.replace(examples, columns=columns, pictures=(), masks={})
    return dataclasses.replace(data, splits=splits, labels={})


def _no_text(data: Data) -> str:
    is_table = data.format == "rows"
    advice = "Call the columns text and label, or choose" if is_table else "Choose"
    names = sorted(name.removeprefix(COLUMN) for name in data.columns())
    listed = ", ".join(names) or "nothing"
    return f"{data.source} has no text; it has {listed}. {advice} other data."
