"""Last layers of several labels or of numbers that scikit-learn finds, on features as they are."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from pipelines.models import heads

PENALTIES = tuple(10.0**exponent for exponent in range(-2, 5))  # of ridge regression
SURE = 10.0  # the logit of a label that all training examples have, or none


def several(
    layer: keras.Layer,
    train: Any,
    validation: Any = None,
    strength: float = 0.0,
    grid: Sequence[float] = heads.GRID,
) -> str:
    """Gives a Dense `layer` the weights of a logistic regression for each label -> a line of how.

    train, validation: ({"features": (N, F)}, 0 or 1 (N, C)). strength: scikit-learn's C; 0 takes
    the best of `grid` on validation for each label, by log loss.
    """
    mean, deviation = heads.spread(train[0]["features"])
    x = (train[0]["features"] - mean) / deviation
    judged = None if validation is None else (validation[0]["features"] - mean) / deviation
    tried = [strength] if strength else list(grid if validation else [heads.PLAIN])
    columns = []
    for i in range(layer.units):
        truth = None if validation is None else validation[1][:, i] >= 0.5
        columns.append(_one(x, train[1][:, i] >= 0.5, judged, truth, tried))
    weights, bias = np.stack([w for w, _ in columns], 1), np.array([b for _, b in columns])
    heads.assign(layer, weights, bias, mean, deviation)
    return f"{layer.units} labels, logistic regression each, C of {tried[0]:.2g} to {tried[-1]:.2g}"


def _one(
    x: np.ndarray,
    is_true: np.ndarray,
    judged: np.ndarray | None,
    truth: np.ndarray | None,
    grid: Sequence[float],
) -> tuple[np.ndarray, float]:
    """(weights (F,), bias) of one label."""
    if is_true.all() or not is_true.any():
        return np.zeros(x.shape[1]), SURE if is_true.all() else -SURE
    model = LogisticRegression(max_iter=300, tol=1e-3, warm_start=True)
    found = []
    for c in grid:
        heads.fit(model.set_params(C=c), x, is_true)
        weights, bias = model.coef_[0].copy(), float(model.intercept_[0])
        found.append((_loss(judged, truth, weights, bias), weights, bias))
    _, weights, bias = min(found, key=lambda tried: tried[0])
    return weights, bias


def _loss(
    x: np.ndarray | None, truth: np.ndarray | None, weights: np.ndarray, bias: float
) -> float:
    """Mean cross-entropy, nats; 0 if there is nothing to judge by."""
    if x is None or truth is None:
        return 0.0
    logits = x @ weights + bias
    return float((np.logaddexp(0, logits) - truth * logits).mean())


def numbers(
    layer: keras.Layer,
    train: Any,
    validation: Any,
    units: tuple[np.ndarray, np.ndarray],
    strength: float = 0.0,
) -> str:
    """Gives a Dense `layer` the weights of a ridge regression of (numbers - mean) / deviation.

    units: (mean, deviation), (K,) each. train, validation: ({"features": (N, F)}, numbers (N, K)).
    strength: 1 / penalty; 0 takes the best of PENALTIES on validation. Returns a line that says
    how.
    """
    mean, deviation = units
    center, scale = heads.spread(train[0]["features"])
    x, y = (train[0]["features"] - center) / scale, (train[1] - mean) / deviation
    tried = [1 / strength] if strength else list(PENALTIES if validation else [1.0])
    found = []
    for penalty in tried:
        model = Ridge(alpha=penalty)
        heads.fit(model, x, y)
        error = 0.0
        if validation is not None:
            wanted = (validation[1] - mean) / deviation
            given = model.predict((validation[0]["features"] - center) / scale)
            error = float(((given.reshape(wanted.shape) - wanted) ** 2).mean())
        found.append((error, penalty, model))
    _, penalty, model = min(found, key=lambda own: own[0])
    heads.assign(
        layer, np.atleast_2d(model.coef_).T, np.atleast_1d(model.intercept_), center, scale
    )
    return f"ridge: penalty {penalty:g}" + (f", the best of {len(tried)}" if len(tried) > 1 else "")
