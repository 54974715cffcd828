"""Weights of source examples, by how much they look as the target's do."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

LARGEST = 10.0  # weight, as a multiple of the mean: a few examples must not decide alone


def importance(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Weights (N,), of mean 1, by a classifier that tells source from target features.

    source: (N, F); target: (M, F).

    p(target) / p(source) times N / M, which estimates the ratio of densities (Bickel et al. 2009,
    JMLR 10, section 4).
    """
    shares = _target_share(source, target)
    weights = shares / np.maximum(1 - shares, 1e-6) * len(source) / len(target)
    weights = np.minimum(weights / weights.mean(), LARGEST)
    return weights / weights.mean()


def selection(source: np.ndarray, target: np.ndarray, share: float) -> np.ndarray:
    """Weights (N,) of mean 1: equal for a `share` of the source, 0 for the rest.

    The share is of what looks most like the target.
    """
    ranked = np.argsort(-_target_share(source, target), kind="stable")
    count = max(1, round(share * len(source)))
    kept = np.zeros(len(source))
    kept[ranked[:count]] = 1
    return kept / kept.mean()


def tradaboost(
    source: np.ndarray,
    labels: np.ndarray,
    target: np.ndarray,
    target_labels: np.ndarray,
    rounds: int = 10,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (N,) and (M,), of mean 1 each, of source and of a few labelled target features.

    A round lowers the weights of source examples that it gets wrong, which do not fit the target,
    and raises those of target examples that it gets wrong (Dai et al. 2007, ICML, algorithm 1).
    Deviations: several classes, so that an error is any wrong class; what is kept are the weights,
    for another learner, instead of the vote of the rounds.
    """
    x = StandardScaler().fit_transform(np.concatenate([source, target]))
    y, n = np.concatenate([labels, target_labels]), len(source)
    weights = np.full(len(y), 1.0)
    down = 1 / (1 + np.sqrt(2 * np.log(n) / rounds))
    for _ in range(rounds):
        with threadpool_limits(1):
            # A weak one, as it has to make mistakes.
            learner = LogisticRegression(C=1 / x.shape[1], max_iter=200, tol=1e-3)
            wrong = learner.fit(x, y, weights / weights.mean()).predict(x) != y
        error = np.clip(weights[n:] @ wrong[n:] / weights[n:].sum(), 1e-3, 0.499)
        weights[:n] *= down ** wrong[:n]
        weights[n:] *= (error / (1 - error)) ** -wrong[n:].astype(float)
    return weights[:n] / weights[:n].mean(), weights[n:] / weights[n:].mean()


def _target_share(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Probability (N,) that source examples are the target's.

    Each is of a classifier that has not seen the example.
    """
    x = StandardScaler().fit_transform(np.concatenate([source, target]))
    y = np.repeat([0, 1], [len(source), len(target)])
    fold, shares = np.arange(len(y)) % 2, np.zeros(len(y))
    for half in (0, 1):
        learner = LogisticRegression(C=0.01, max_iter=200, tol=1e-3)
        with threadpool_limits(1):
            learner.fit(x[fold != half], y[fold != half])
        shares[fold == half] = learner.predict_proba(x[fold == half])[:, 1]
    return shares[: len(source)]
