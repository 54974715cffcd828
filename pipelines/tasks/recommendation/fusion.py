"""Fusion: the rankings of several methods as one, with weights that validation chooses."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import recommending
from pipelines.task import Phase
from pipelines.tasks import recommendation
from pipelines.tasks.recommendation import _parts as parts

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    from keras import ops

    from pipelines.models import fusion

USERS = 500  # of the validation split by whom weights are chosen


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, settings.FittedConfig):
    """The shared settings, and those of the parts."""

    parts: tuple[str, ...] = setting(
        ("ease", "item_knn", "als", "user_knn"),
        "methods that are fused, each with its defaults: als, content, ease, item_knn, popularity,"
        " svd, user_knn",
    )
    rule: str = setting(
        "weighted",
        "what is added: scores as deviations from their mean, Borda's counts, or reciprocal ranks;"
        " or how items do in pairs: Copeland's wins, or a Markov chain, with the weights of Borda's",
        choices=("weighted", "borda", "reciprocal_rank", "copeland", "markov"),
    )


class Fusion(recommendation.Recommendation):
    """Each part is found by itself; the weights are those with the best NDCG on validation."""

    Config = _Config
    paper = "Burke 2002"

    def resolve(self, config, audit):
        """The same, if the parts are known."""
        parts.checked(config.parts)
        return config

    def check(self, examples, config):
        """Raises PipelineError if a part cannot learn from the data."""
        parts.check(config.parts, examples, config)

    def model(self, config):
        """The parts' nets, and their weighted sum."""
        return parts.net(config.parts, config, config.rule, 0, "fusion")

    def phases(self, config):
        """One: the parts, and then their weights."""

        def solve(net, source):
            parts.solve(net, config.parts, config, source)
            if not source.parts().get("validation"):
                return None
            seen = recommending.matrix(source, "validation")[:USERS].toarray()
            truth = recommending.matrix(source, "validation", "truth")[:USERS].toarray()
            stacked = _scores(net, config, seen)
            weights, top = fusion.best_weights(stacked, seen, truth)
            net.get_layer(parts.FUSED).weights_of_parts.assign(weights)
            listed = ", ".join(
                f"{name} {w:g}" for name, w in zip(config.parts, weights, strict=True)
            )
            return f"fusion: {listed}, NDCG {top:.4f} on the validation split"

        return [Phase("fit", config, solve=solve)]


def _scores(net, config, seen):
    """Comparable scores of each part, (N, P, I)."""
    blocks = []
    for start in range(0, len(seen), config.batch_size):
        rows = seen[start : start + config.batch_size]
        own = [net.get_layer(name)({"history": rows}, training=False) for name in config.parts]
        found = fusion.comparable(ops.stack(own, 1), ops.convert_to_tensor(rows), config.rule)
        blocks.append(ops.convert_to_numpy(found))
    return np.concatenate(blocks)
