"""Aspect sentiment: the things that a review speaks of, and whether it speaks well of each."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import Settings, setting
from pipelines.families import tagged
from pipelines.models import sources
from pipelines.task import Feature, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.families.tagged import data as tagged_data
    from pipelines.families.tagged import drawn
    from pipelines.metrics import aspects
    from pipelines.tasks.aspect_sentiment import _coloured, _spans


@dataclass(frozen=True, kw_only=True)
class Polarities(Settings):
    """Settings of every method: which polarities there are."""

    conflict: str = setting(
        "drop",
        "what becomes of aspects of which both good and bad is said: drop leaves them out, keep"
        " makes them a class, neutral counts them as neutral",
        choices=("drop", "keep", "neutral"),
    )


@dataclass(frozen=True, kw_only=True)
class Found(Polarities):
    """Settings of methods that find aspects."""

    monitor: str = setting(
        "val_joint_f1", "what decides which epoch is kept: val_loss or val_ and a metric's name"
    )


class AspectSentiment(tagged.Tagged):
    """Aspects found and judged in one pass: tags that mark spans, whose type is the polarity."""

    data = "gadget_reviews"
    features = {"tokens": Feature("tokens"), "tags": Feature("tags")}
    target = "tags"
    scores = (
        Score("joint_f1"),
        Score("f1"),
        Score("precision"),
        Score("recall"),
        Score("polarity_accuracy"),
    )
    page = "aspect_sentiment.md"

    def default(self, read, settings):
        """BERT if MiniLM is installed, else a BiLSTM."""
        if sources.MINILM.installed():
            return "bert", "MiniLM is installed"
        return "bilstm", f"MiniLM is not installed: {sources.MINILM.install}"

    def adapt(self, data, config):
        """Data whose column `tags` has ids of tags in the model's scheme, next to `tokens`.

        Of aspects that overlap, the longest is learned, which is a Problem. Data that has words and
        tags already is taken as tagging takes it.
        """
        return tagged_data.adapt(_spans.as_tags(data, config), config)

    def metrics(self, config):
        """F1 over aspects of which place and polarity are right is what a file is judged by."""
        return [aspects.Aspects(config.labels)]

    def draw(self, inputs, decoded, config, targets=None):
        """The sentence with its aspects, each in the colour of its polarity; with the true ones in
        a row above, if they are given."""
        return _coloured.spans(drawn.sentence(inputs, decoded, config, targets))
