"""The Frechet distance of two crowds of features."""

import numpy as np


def distance(x: np.ndarray, y: np.ndarray) -> float:
    """Squared Frechet distance of two Gaussians fitted to features (N, F) and (M, F).

    |m - n|^2 + tr(C + D - 2 (C D)^(1/2)); the trace of the root is the sum of singular values of X
    Y^T, each centred, over ((N - 1)(M - 1))^(1/2), so that no root of a singular matrix is taken if
    there are fewer pictures than features. A single picture has no spread.

    Heusel et al. 2017 (arXiv:1706.08500, eq. 6). Few pictures make the distance larger than it is:
    two samples of the same pictures have one above 0. Compare at equal numbers of pictures only,
    and on the same features.
    """
    centred = [v - v.mean(0) for v in (x, y)]
    degrees = [max(1, len(v) - 1) for v in (x, y)]
    spread = sum((v**2).sum() / n for v, n in zip(centred, degrees, strict=True))
    factors = [np.linalg.qr(v, mode="r") for v in centred]
    shared = np.linalg.norm(factors[0] @ factors[1].T, "nuc") / np.sqrt(degrees[0] * degrees[1])
    return float(max(0.0, ((x.mean(0) - y.mean(0)) ** 2).sum() + spread - 2 * shared))
