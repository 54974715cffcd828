"""Weights of source examples, by how much they look as the target's do."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

LARGEST = 10.0  # weight, as a multiple of the mean: a few examples must not decide alone


def importance(source, target):
    """Weights (N,), of mean 1, of source features (N, F) by a classifier that tells them from
    target features (M, F).

    p(target) / p(source) times N / M, which estimates the ratio of densities (Bickel et al. 2009,
    JMLR 10, section 4).
    """
    shares = _target_share(source, target)
    weights = shares / np.maximum(1 - shares, 1e-6) * len(source) / len(target)
    weights = np.minimum(weights / weights.mean(), LARGEST)
    return weights / weights.mean()


def selection(source, target, share):
    """Weights (N,) of mean 1: equal for the `share` of the source that looks most like the target, 0 for the rest."""
    shares = _target_share(source, target)
    kept = np.zeros(len(source))
    kept[np.argsort(-shares, kind="stable")[: max(1, round(share * len(source)))]] = 1
    return kept / kept.mean()


def tradaboost(source, labels, target, target_labels, rounds=10):
    """Weights (N,) and (M,), of mean 1 each, of source features (N, F) and of a few labelled target
    ones (M, F).

    A round lowers the weights of source examples that it gets wrong, which do not fit the target,
    and raises those of target examples that it gets wrong (Dai et al. 2007, ICML, algorithm 1).
    Deviations: several classes, where an error is any wrong class; what is kept are the weights,
        for another learner, instead of the vote of the rounds.
    """
    x = StandardScaler().fit_transform(np.concatenate([source, target]))
    y, n = np.concatenate([labels, target_labels]), len(source)
    weights = np.full(len(y), 1.0)
    down = 1 / (1 + np.sqrt(2 * np.log(n) / rounds))
    for _ in range(rounds):
        with threadpool_limits(1):
            learner = LogisticRegression(
                C=1 / x.shape[1], max_iter=200, tol=1e-3
            )  # weak: it has to make mistakes
            wrong = learner.fit(x, y, weights / weights.mean()).predict(x) != y
        error = np.clip(weights[n:] @ wrong[n:] / weights[n:].sum(), 1e-3, 0.499)
        weights[:n] *= down ** wrong[:n]
        weights[n:] *= (error / (1 - error)) ** -wrong[n:].astype(float)
    return weights[:n] / weights[:n].mean(), weights[n:] / weights[n:].mean()


def _target_share(source, target):
    """Probability (N,) that source examples are the target's, each by a classifier that has not seen it."""
    x = StandardScaler().fit_transform(np.concatenate([source, target]))
    y = np.repeat([0, 1], [len(source), len(target)])
    fold, shares = np.arange(len(y)) % 2, np.zeros(len(y))
    for half in (0, 1):
        with threadpool_limits(1):
            learner = LogisticRegression(C=0.01, max_iter=200, tol=1e-3).fit(
                x[fold != half], y[fold != half]
            )
        shares[fold == half] = learner.predict_proba(x[fold == half])[:, 1]
    return shares[: len(source)]
