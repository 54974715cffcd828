"""PureSVD: the truncated singular value decomposition of users x items."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.families import choosing, recommending, scoring
from pipelines.task import Phase
from pipelines.tasks import recommendation

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    from scipy.sparse import linalg

    from pipelines.models import scorers

GRID = (5, 10, 20, 50)  # of the factors


@dataclass(frozen=True, kw_only=True)
class _Config(recommendation.Ranked, settings.FittedConfig):
    """The shared settings, and that of the factors."""

    factors: int = setting(
        0,
        "singular vectors that are kept; 0 takes the best of four on the validation split",
        "numbers",
        low=0,
        high=1024,
    )


class SVD(recommendation.Recommendation):
    """Pairs without an interaction are zeros; a history is projected on the first vectors of items."""

    Config = _Config
    paper = "Cremonesi et al. 2010"

    def model(self, config):
        """Two matrices; the columns that are not needed stay zero."""
        inputs = scorers.history(recommending.items(config))
        return scoring.net(inputs, scorers.two_matrices(inputs, _most(config)), "svd")

    def phases(self, config):
        """One: the vectors are found, and their number is chosen."""

        def solve(net, source):
            most = _most(config)
            train = recommending.matrix(source).astype(np.float64)
            start = np.ones(min(train.shape))
            own = min(most, min(train.shape) - 1)
            vectors = linalg.svds(train, own, v0=start, return_singular_vectors="vh")[2]
            vectors = vectors[::-1]  # the largest first

            def first(count):
                kept = np.zeros((most, recommending.items(config)))
                kept[: min(count, own)] = vectors[:count]
                return [kept.T, kept]

            grid = [config.factors] if config.factors else _grid(most)
            best = choosing.best(source, grid, first, choosing.linear)
            scorers.assign(net, best.arrays)
            return f"svd: {best.value} factors{best.reason}"

        return [Phase("decompose", config, solve=solve)]


def _most(config):
    """Factors that there may be: fewer than users and items."""
    users, items = int(config.learned["users"][0]), recommending.items(config)
    return max(1, min(config.factors or GRID[-1], users - 1, items - 1))


def _grid(most):
    return [count for count in GRID if count <= most] or [most]
