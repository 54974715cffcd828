"""Language models: how probable a text is, and what comes next."""

import dataclasses

from etils import epy

from pipelines.errors import PipelineError
from pipelines.formats.examples import COLUMN
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.metrics import perplexity

TEXTS = ("text", "sentence")  # features that hold the text, as TFDS calls them


class LanguageModel(Method):
    """What every method shares: texts, perplexity, drawing.

    A method's targets are {"ids": int32 (T,), -1 if nothing is judged, "bytes": int32 (T,), how many
    bytes of UTF-8 each stands for}, and it decodes to {"log_likelihood": float32 (B, T)}, natural
    logarithms.
    """

    data = "languages"
    features = {"text": Feature("text")}
    scores = (
        Score("perplexity", "lower", relative=True),
        Score("bits_per_byte", "lower", relative=True),
    )
    page = "language_model.md"

    def floor(self, part, config):
        """The perplexity of the best constant answer: the frequencies of the part's own items."""
        judged = [row[config.order - 1 :] for row in part.examples.columns["ids"]]
        if not judged:
            return None
        items = np.concatenate(judged)
        counts = np.unique(items[items >= 0], return_counts=True)[1]
        shares = counts / counts.sum()
        return float(np.exp(-(shares * np.log(shares)).sum()))

    def adapt(self, data, config):
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

    def metrics(self, config):
        """Perplexity, the first one named, is what an exported file is judged by."""
        return [perplexity.Perplexity()]
