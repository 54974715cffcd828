"""Rating prediction: how much a user would give each item, by what the user gave others."""

from dataclasses import dataclass
from typing import ClassVar

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import interactions, recommending
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines.losses import held_ratings
    from pipelines.metrics import ratings as metric
    from pipelines.models import rating_factors


@dataclass(frozen=True, kw_only=True)
class Rated(interactions.Config, settings.FittedConfig):
    """Settings of every method: columns, splits, and how much a bias is shrunk."""

    user_weight: float = setting(
        15.0, "ratings of zero by which the bias of a user is shrunk", low=0.0
    )
    item_weight: float = setting(
        10.0, "ratings of zero by which the bias of an item is shrunk", low=0.0
    )
    batch_size: ClassVar[int] = 16  # neighbours of all items are gathered for each


class RatingPrediction(Method):
    """What every method shares: ratings, errors, drawing.

    A model takes {"history": float32 (B, I), 1 for each item that the user has rated, "ratings":
    (B, I), 0 elsewhere} and gives {"ratings": (B, I)}, within the range of training's.
    """

    data = "tastes"
    features = {"history": Feature("key"), "truth": Feature("key")}
    scores = (
        Score("rmse", "lower", tolerance=0.005, relative=True),
        Score("mae", "lower", tolerance=0.005, relative=True),
    )
    page = "recommendation.md"
    decode_in_float = True

    def floor(self, part, config):
        """The error of one number for all, the mean of what has to be found."""
        values = np.concatenate([*part.examples.columns["truth_ratings"], []])
        return float(values.std()) if len(values) else None

    def adapt(self, data, config):
        """Users with their ratings and what is to be found; see `families.recommending`."""
        return recommending.adapted(data, config)

    def learn(self, examples, config):
        """Items, the most frequent first, with titles, texts and counts, and the range of
        ratings."""
        values = [value for row in examples.columns["history_ratings"] for value in row]
        low, high = min(values, default=0.0), max(values, default=0.0)
        if low == high:
            raise PipelineError(
                f"all ratings are {low:g}, so there is nothing to predict. Name the column with"
                " rating=NAME, or rank items: pipelines train recommendation"
            )
        return {**recommending.learned(examples), "range": [repr(low), repr(high)]}

    def expand(self, examples, config):
        """Items as ids."""
        return recommending.expanded(examples, config)

    def parse(self, example, config):
        """Ids and ratings -> ({"history", "ratings"}, (2, I): true ratings, and where there is
        one)."""

        def marked(name, values):
            return recommending.dense(example[name], values, recommending.items(config))

        ones = {name: tf.ones_like(example[f"{name}_ratings"]) for name in ("history", "truth")}
        inputs = {
            "history": marked("history", ones["history"]),
            "ratings": marked("history", example["history_ratings"]),
        }
        wanted = marked("truth", example["truth_ratings"])
        return inputs, tf.stack([wanted, marked("truth", ones["truth"])])

    def decode(self, outputs, config):
        """Ratings (B, I), cut to the range of training's."""
        low, high = map(float, config.learned["range"])
        return {"ratings": keras.ops.clip(outputs, low, high)}

    def metrics(self, config):
        """The root of the mean squared error, the first one named, judges exported files."""
        return [metric.HeldErrors()]

    def draw(self, inputs, decoded, config, targets=None):
        """The items that the user would rate highest, and how far off the held-out ones are."""
        titles, found = config.learned["titles"], decoded["ratings"]
        order = np.argsort(-np.where(inputs["history"] > 0, -np.inf, found))[:5]
        text = "highest: " + ", ".join(f"{titles[i]} {found[i]:.1f}" for i in order)
        if targets is None:
            return text
        held = np.flatnonzero(targets[1])[:10]
        pairs = ", ".join(f"{titles[i]} {found[i]:.1f}, is {targets[0][i]:.1f}" for i in held)
        return f"{text}\nfound: {pairs}"

    def unsupported(self, config):
        """int8, whose 256 steps are too few for sums over thousands of items."""
        reason = "its 256 steps are too few for sums over so many items; take dynamic"
        return {"int8": reason}


def inputs(config):
    """The inputs of a net: history and ratings, (B, I) each."""
    count = recommending.items(config)
    return [keras.Input((count,), name=name) for name in ("history", "ratings")]


def net(given, found, name):
    """A compiled net of history and ratings."""
    history, ratings = given
    model = keras.Model({"history": history, "ratings": ratings}, found, name=name)
    model.compile(optimizer="sgd", loss=held_ratings.HeldRatings(), jit_compile=False)
    return model


def biases(source, config):
    """(ratings of training, biases, what is left of each rating)."""
    known = rating_factors.Ratings(*recommending.ratings(source))
    count = recommending.items(config)
    own = rating_factors.biases(known, count, config.user_weight, config.item_weight)
    return known, own, rating_factors.residuals(known, own, config.user_weight)
