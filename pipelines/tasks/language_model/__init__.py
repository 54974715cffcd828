"""Language models: how probable a text is, and what comes next."""

import dataclasses

from etils import epy

from pipelines.errors import PipelineError
from pipelines.families import running_text, text_cut
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.edge import continuing, options, text_ids
    from pipelines.edge import language_model as edge
    from pipelines.metrics import perplexity

SAMPLES = 2  # of the report
DRAWN = {"length": 80, "temperature": 0.8, "top_k": 40}  # how they are drawn


class LanguageModel(Method):
    """What every method shares: texts, perplexity, drawing.

    A method's targets are {"ids": int32 (T,), -1 if nothing is judged, "bytes": int32 (T,), how many
    bytes of UTF-8 each stands for}, and it decodes to {"log_likelihood": float32 (B, T)}, natural
    logarithms.
    """

    data = "python_prose"
    features = {"text": Feature("text")}
    scores = (
        Score("perplexity", "lower", relative=True),
        Score("bits_per_byte", "lower", relative=True),
    )
    page = "language_model.md"

    def default(self, read, settings):
        """Counted n-grams, which take seconds."""
        return "ngram", "counting takes seconds; --method lstm trains a net"

    def floor(self, part, config):
        """The perplexity of the best constant answer: the frequencies of the part's own items."""
        judged = self._judged(part.examples.columns, config)
        if not judged:
            return None
        items = np.concatenate(judged)
        counts = np.unique(items[items >= 0], return_counts=True)[1]
        shares = counts / counts.sum()
        return float(np.exp(-(shares * np.log(shares)).sum()))

    def _judged(self, columns, config):
        """The ids of each example that are judged; -1 if there is nothing."""
        raise NotImplementedError

    def explain(self, answer, part, config):
        """Text that the model writes by itself, drawn at random."""
        manifest = {"config": self.device(config), "learned": config.learned}
        model, texts = edge.opened(answer, manifest), {}
        for seed in range(1, SAMPLES + 1):
            chosen = options.checked(edge.OPTIONS, {**DRAWN, "seed": seed})
            reader, prompt = model.reader(), [text_ids.END]
            made = continuing.made(reader, prompt, model.known, model.never, chosen, is_first=True)
            texts[f"{DRAWN['length']} items, seed {seed}"] = "".join(made)
        return {"texts": texts}

    def adapt(self, data, config):
        """Data with the feature `text` alone. Raises PipelineError if there is none."""
        read = running_text.adapt(data)
        return dataclasses.replace(read, splits=text_cut.cut(read.splits, config))

    def together(self, examples, config):
        """Equal texts. Raises PipelineError if the text is cut by its position."""
        if config.cut == "position":
            raise PipelineError(
                "cut=position and folds both say how the text is parted. Leave one of them out."
            )
        return examples.columns["text"]

    def metrics(self, config):
        """Perplexity, the first one named, is what an exported file is judged by."""
        return [perplexity.Perplexity()]
