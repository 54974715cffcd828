"""Sequence tagging: a tag for each word of a sentence, such as named entities or parts of
speech."""

from etils import epy

from pipelines.families import tagged
from pipelines.models import sources
from pipelines.task import Feature, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.families.tagged import data as tagged_data


class Tagging(tagged.Tagged):
    """Words and tags as the data has them, judged by the spans that the tags mark."""

    data = "pii"
    features = {"tokens": Feature("tokens"), "tags": Feature("tags")}
    target = "tags"
    scores = (
        Score("f1"),
        Score("precision"),
        Score("recall"),
        Score("f1_strict"),
        Score("f1_unseen"),
        Score("token_accuracy", counted=True),
    )
    page = "tagging.md"

    def default(self, read, settings):
        """BERT if MiniLM is installed, else a BiLSTM-CRF."""
        if sources.MINILM.installed():
            return "bert", "MiniLM is installed"
        return "bilstm_crf", f"MiniLM is not installed: {sources.MINILM.install}"

    def adapt(self, data, config):
        """Data whose column `tags` has ids of tags in the model's scheme, next to `tokens`.

        Tags that break their scheme are Problems, unless `mend_tags`; they are read as conlleval
        does. Raises PipelineError if the data has not got the features.
        """
        return tagged_data.adapt(data, config)
