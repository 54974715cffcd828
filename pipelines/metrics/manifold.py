"""Precision and recall of what was made: how much of it looks real, and how much of the real it covers."""

import numpy as np
from scipy.spatial.distance import cdist

NEIGHBOUR = 3  # Kynkäänniemi et al. 2019, arXiv:1904.06991, section 3


def precision_and_recall(real: np.ndarray, made: np.ndarray) -> tuple[float, float]:
    """Shares of features (N, F) and (M, F) that lie within reach of some feature of the other.

    The reach of a feature is its distance to its third nearest neighbour among its own
    (Kynkäänniemi et al. 2019, arXiv:1904.06991, eqs. 1 and 2). Precision is the share of `made`
    within reach of a real one, recall the share of `real` within reach of one that was made.
    """
    apart = cdist(real, made)
    precision = (apart <= reach(real)[:, None]).any(0).mean()
    recall = (apart <= reach(made)[None]).any(1).mean()
    return float(precision), float(recall)


def reach(features: np.ndarray) -> np.ndarray:
    """(N, F) -> the distance of each to its third nearest neighbour, or to the farthest of fewer."""
    count = min(NEIGHBOUR, len(features) - 1)
    # The nearest of all is the feature itself, 0 away.
    return np.partition(cdist(features, features), count, 1)[:, count]
