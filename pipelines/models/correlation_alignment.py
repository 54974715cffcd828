"""Correlation alignment: source features with the mean and the covariance of the target's."""

import numpy as np


def coral(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Source features (N, F) -> the same, whitened and given the covariance of `target` (M, F).

    Sun, Feng & Saenko 2016, arXiv:1511.05547, algorithm 1, with the identity added to both
    covariances; each domain is standardised first, as in the authors' code, and the result has the
    target's mean and scale.
    """
    (x, *_), (y, mean, deviation) = _standard(source), _standard(target)
    identity = np.eye(x.shape[1])
    whiten = _power(np.cov(x.T).reshape(identity.shape) + identity, -0.5)
    colour = _power(np.cov(y.T).reshape(identity.shape) + identity, 0.5)
    return x @ whiten @ colour * deviation + mean


def _standard(features: np.ndarray) -> tuple[np.ndarray, ...]:
    """(features of mean 0 and deviation 1 in float64, their mean, their deviation).

    A constant one stays 0.
    """
    mean, deviation = features.mean(0, dtype=np.float64), features.std(0, dtype=np.float64)
    return (features - mean) / np.where(deviation > 0, deviation, 1), mean, deviation


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return vectors * values**exponent @ vectors.T
