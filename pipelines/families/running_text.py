"""What methods that learn from text without labels share: the texts of any data set that has some."""

import dataclasses

from pipelines.errors import PipelineError
from pipelines.formats.examples import COLUMN, Data

TEXTS = ("text", "sentence")  # features that hold the text, as TFDS calls them


def adapt(data: Data) -> Data:
    """Data with the feature `text` alone. Raises PipelineError if there is none."""
    known = {name for examples in data.splits.values() for name in examples.columns}
    source = next((name for name in TEXTS if name in known), None)
    if source is None:
        is_table = data.format == "rows"
        advice = "Call the columns text and label, or choose" if is_table else "Choose"
        names = sorted(name.removeprefix(COLUMN) for name in known)
        raise PipelineError(
            f"{data.source} has no text; it has {', '.join(names) or 'nothing'}. {advice} other"
            " data."
        )
    splits = {}
    for split, examples in data.splits.items():
        columns = {"text": examples.columns[source]}
        splits[split] = dataclasses.replace(examples, columns=columns, pictures=(), masks={})
    return dataclasses.replace(data, splits=splits, labels={})
