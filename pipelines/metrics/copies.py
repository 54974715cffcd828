"""Whether pictures that were made are copies of training pictures."""

import numpy as np
from scipy.spatial.distance import cdist

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
