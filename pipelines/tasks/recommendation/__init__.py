"""Recommendation: which items a user may like next, by what the user liked before."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import Settings, setting
from pipelines.families import interactions, recommending
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines.metrics import ranking as metric
    from pipelines.models import unseen
    from pipelines.ops import ranking

TOLERANCE = 0.005  # of NDCG; near-equal items change places in files of reduced precision


@dataclass(frozen=True, kw_only=True)
class Ranked(interactions.Config, Settings):
    """Settings of every method: columns, splits, which interactions count, and how long an answer is."""

    min_rating: float = setting(
        0.0, "interactions with a lower rating do not count; 0 takes every one", low=0.0
    )
    keep_users: bool = setting(
        False,
        "keep the names and histories of training's users in the run and its bundles, for all who"
        " get them, so that predict.py takes --user; nothing of more than 1,000,000 interactions",
    )
    top: int = setting(
        50,
        "items of an answer, as many as are judged at least",
        "items",
        low=10,  # metrics.ranking.K
        high=1000,
    )


class Recommendation(Method):
    """What every method shares: interactions, ranking scores, drawing.

    A model takes {"history": float32 (B, I)}, 1 for each item that the user knows, and gives scores
    (B, I); it decodes to {"items": int32 (B, K), "scores": float32 (B, K)}, the best first, without
    those of the history.
    """

    data = "tastes"
    features = {"history": Feature("key"), "truth": Feature("key")}
    scores = (
        Score("ndcg_at_10", tolerance=TOLERANCE),
        Score("recall_at_10", tolerance=TOLERANCE),
        Score("map_at_10", tolerance=TOLERANCE),
        Score("hit_rate_at_10"),
        Score("precision_at_10", tolerance=TOLERANCE),
    )
    page = "recommendation.md"
    decode_in_float = True

    def floor(self, part, config):
        """NDCG at 10 of one list for all, the items that most of training's users have."""
        if not len(part):
            return None
        popular = recommending.counts(config)[None]
        found = metric.Ranking(popular[0])
        for inputs, targets in part.batches().as_numpy_iterator():
            scores = np.repeat(popular, len(targets), 0)
            best = ranking.best(scores, inputs["history"], metric.K)
            found.update_state(targets, {"items": best})
        return found.result()["ndcg_at_10"]

    def adapt(self, data, config):
        """Users with a history and what is to be found; see `families.recommending`."""
        return recommending.adapted(data, config, config.min_rating or -np.inf)

    def learn(self, examples, config):
        """Items, the most frequent first, with titles, texts and counts, and who has what."""
        kept = recommending.kept(examples) if config.keep_users else {}
        return {**recommending.learned(examples), **kept}

    def expand(self, examples, config):
        """Items as ids."""
        return recommending.expanded(examples, config)

    def parse(self, example, config):
        """Ids -> ({"history": float32 (I,)}, float32 (I + 1,)), see `metrics.ranking`."""
        count = recommending.items(config)

        def marked(ids):
            return recommending.dense(ids, tf.ones_like(ids), count)

        unknown = tf.cast(example["unknown"], tf.float32)[None]
        return {"history": marked(example["history"])}, tf.concat(
            [marked(example["truth"]), unknown], 0
        )

    def decode(self, outputs, config):
        """Scores (B, I) -> the best `top`, without those of the history."""
        values, items = keras.ops.top_k(outputs, min(config.top, recommending.items(config)))
        return {"items": keras.ops.cast(items, "int32"), "scores": values}

    def metrics(self, config):
        """NDCG, the first one named, is what an exported file is judged by."""
        return [metric.Ranking(recommending.counts(config), config.learned["texts"])]

    def difference(self, wanted, got, config):
        """The share of the best ten that differ: near-equal items may change places."""
        pairs = zip(wanted["items"][:, : metric.K], got["items"][:, : metric.K], strict=True)
        alike = [len(np.intersect1d(a, b)) / len(a) for a, b in pairs]
        return 1 - float(np.mean(alike))

    def device(self, config):
        """The score that stands for an item of the history."""
        return {"lowest": unseen.LOWEST}

    def unsupported(self, config):
        """int8, whose 256 steps are too few for the scores of so many items."""
        reason = "its 256 steps are too few to rank items; take dynamic"
        return {"int8": reason}

    def draw(self, inputs, decoded, config, targets=None):
        """Items of the history, and the best of the answer; those that are right are marked."""
        titles = config.learned["titles"]
        liked = [titles[i] for i in np.flatnonzero(inputs["history"])[:10]]
        right = set() if targets is None else set(np.flatnonzero(targets[:-1]))
        best = [titles[i] + " (right)" * (int(i) in right) for i in decoded["items"][: metric.K]]
        return f"liked: {', '.join(liked)}\nrecommended: {', '.join(best)}"
