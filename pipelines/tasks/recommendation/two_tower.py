"""Two towers: one net makes a vector of the user, another of each item, out of ids and texts."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import recommending, scoring
from pipelines.tasks import recommendation
from pipelines.tasks.recommendation import _sampled

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from keras import layers

    from pipelines.models import item_texts, sampled_softmax, scorers


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, _sampled.Config):
    """The shared settings, and those of the texts."""

    words: int = setting(
        1000, "words that are known, the most frequent ones", "words", low=1, high=50_000
    )
    meaning: int = setting(
        64, "numbers of an item's text, its first singular vectors", "numbers", low=1, high=1024
    )


class TwoTower(recommendation.Recommendation):
    """Of the user: the history, and what its texts are about; of an item: its vector, and its text.

    The paper's softmax is over the items of a batch; here they are drawn. See `sampled_softmax`.
    """

    Config = _Config
    paper = "Yi et al. 2019"

    def check(self, examples, config):
        """Raises PipelineError if no item has a text, or if no text has a word."""
        item_texts.check(config.learned, config.words, self.name)

    def model(self, config):
        """history -> vector of the user; items -> theirs; scores are their products."""
        inputs = scorers.history(recommending.items(config))
        features = item_texts.meanings(config.learned, config.words, config.meaning)
        width = features.shape[1]
        x = _sampled.hidden_history(inputs, config)
        about = layers.Dense(width, use_bias=False, trainable=False, name="about")
        text = layers.Dense(config.width, activation="tanh", name="text")(about(x))
        own = layers.Dense(config.width, activation="tanh", name="own")(x)
        user = layers.Add(name="user")([own, text])
        layer = sampled_softmax.ItemTower(width=width, **_sampled.given(config))
        scores = layer(user)
        about.kernel.assign(features)
        layer.features.assign(features)
        layer.draw_by(recommending.counts(config))
        return scoring.trained(inputs, scores, "two_tower", config)
