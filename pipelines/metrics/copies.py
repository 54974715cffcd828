"""Whether pictures that were made are copies of training pictures."""

import math

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import betabinom

SHARE = 0.1  # of the real pictures, those nearest to training, that set what is near
COPIED = 1.5  # times the real share from which a model counts as one that copies


def nearness(training: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """Distance of each picture, (N, P), to the nearest training picture, of (T, P)."""
    return cdist(pictures, training).min(1)


def share_near(real: np.ndarray, made: np.ndarray) -> float:
    """The share of `made` that is as near to training as the nearest tenth of `real`.

    real, made: distances as `nearness` gives them. About SHARE if they are alike.
    """
    return float(np.mean(made <= np.quantile(real, SHARE)))


def chance(share: float, count: int) -> float:
    """How likely a share as `share_near` gives it is reached, if made pictures are like real ones.

    count: of pictures on each side, at least 1. The distance that counts as near lies below the
    r-th smallest real one, and how many of `count` others lie below that is beta-binomial.
    """
    rank = min(count, math.floor(SHARE * (count - 1)) + 2)
    return float(betabinom.sf(round(share * count) - 1, count, rank, count + 1 - rank))
