"""Heads that read features: a linear layer or two, trained by steps or found by scikit-learn."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from pipelines.errors import PipelineError
from pipelines.models import temperature

GRID = tuple(10 ** (exponent / 3) for exponent in range(-12, -2))  # of C: 1e-4 to 0.1
Split = tuple[dict[str, np.ndarray], np.ndarray]  # inputs, one-hot targets
PLAIN = 1e-3  # C, if there is no validation split to choose by


def layers(classes: int, hidden: int = 0, dropout: float = 0.0, seed: int = 0) -> list[keras.Layer]:
    """Layers from features (B, F) to float32 logits (B, classes).

    hidden: units of a layer in between, 0 for none.
    """
    between = [keras.layers.Dense(hidden, activation="relu", name="hidden")] if hidden else []
    return [
        *between,
        keras.layers.Dropout(dropout, seed=seed, name="dropout"),
        keras.layers.Dense(classes, dtype="float32", name="logits"),
    ]


def solve(
    layer: keras.Layer,
    kind: str,
    train: Split,
    validation: Split | None = None,
    strength: float = 0.0,
    class_weights: Sequence[float] = (),
    seed: int = 0,
    grid: Sequence[float] = GRID,
) -> str:
    """Gives a Dense `layer` weights by scikit-learn -> a line that says how.

    kind: "svm", a linear one, or logistic regression.
    train, validation: ({"features": (N, F)}, one-hot (N, C)). Features are standardised, and that
        is folded into the weights.
    strength: scikit-learn's C; 0 takes the one of `grid`, in increasing order, with the least log
        loss on validation, or for an SVM the best accuracy, the smallest of equals.
    class_weights: one number a class, or empty.
    The margins of an SVM are scaled so that their softmax fits the labels; see `temperature`.
    Raises PipelineError if training has one class.
    """
    x, y = train[0]["features"], train[1].argmax(-1)
    if len(np.unique(y)) < 2:
        raise PipelineError(
            f"head={kind} needs examples of two classes in training; there is one. Add some of"
            " another."
        )
    mean, deviation = spread(x)

    def standard(features: np.ndarray) -> np.ndarray:
        return ((features - mean) / deviation).astype(np.float64)

    judged = validation or train
    judged_x, judged_y = standard(judged[0]["features"]), judged[1].argmax(-1)
    tried = _grid(strength, grid if validation else [PLAIN])
    model = _model(kind, class_weights, seed)
    best = -math.inf, 0.0, 0.0, None, None
    for c in tried:
        fit(model.set_params(C=c), standard(x), y)
        weights, bias = every_class(model, layer.units)
        accuracy, logits = model.score(judged_x, judged_y), judged_x @ weights + bias
        score = accuracy if kind == "svm" else -temperature.log_loss(logits, judged_y)
        if score > best[0]:
            best = score, accuracy, c, weights, bias
    _, accuracy, c, weights, bias = best
    if kind == "svm":
        factor = temperature.factor(judged_x @ weights + bias, judged_y)
        weights, bias = weights * factor, bias * factor
    assign(layer, weights, bias, mean, deviation)
    on = f"on the {'validation' if validation else 'training'} split"
    chosen = f", the best of {len(tried)} {on}" if len(tried) > 1 else ""
    place = "there" if chosen else on
    return f"{kind}: C {c:.2g}{chosen}, accuracy {accuracy:.4f} {place}"


def spread(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each feature, 1 for one that is always the same."""
    deviation = features.std(0)
    return features.mean(0), np.where(deviation > 0, deviation, 1)


def assign(
    layer: keras.Layer,
    weights: np.ndarray,
    bias: np.ndarray,
    mean: np.ndarray,
    deviation: np.ndarray,
) -> None:
    """Gives a Dense `layer` weights of standardised features, for the features as they are."""
    kernel = weights / deviation[:, None]
    layer.kernel.assign(kernel)
    layer.bias.assign(bias - mean @ kernel)


def _grid(strength: float, grid: Sequence[float]) -> Sequence[float]:
    """The values of C to try."""
    return [strength] if strength else grid


def fit(model: Any, x: Any, y: np.ndarray, weights: np.ndarray | None = None) -> None:
    """Fits a model of scikit-learn; x: (N, F), sparse or not; weights: of examples, (N,)."""
    # One thread: what BLAS wins by more on such matrices, it loses many times over if others share
    # the cores.
    with warnings.catch_warnings(), threadpool_limits(1):
        # What it reached is judged like the others.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, y, weights)


def _model(kind: str, class_weights: Sequence[float], seed: int) -> LogisticRegression | LinearSVC:
    weight = dict(enumerate(class_weights)) or None
    if kind == "svm":
        return LinearSVC(class_weight=weight, random_state=seed, dual="auto", max_iter=1000)
    return LogisticRegression(class_weight=weight, max_iter=300, tol=1e-3, warm_start=True)


def every_class(model: Any, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """(weights (F, classes), bias) of a linear model of scikit-learn.

    scikit-learn has one column for two classes, and none for a class without examples.
    """
    weights, bias = model.coef_.T, model.intercept_
    if len(model.classes_) == 2:  # softmax of half the margin, either way, is the sigmoid of it
        weights = np.concatenate([-weights, weights], 1) / 2
        bias = np.concatenate([-bias, bias]) / 2
    full, offset = np.zeros((len(weights), classes)), np.full(classes, bias.min() - 20.0)
    full[:, model.classes_], offset[model.classes_] = weights, bias
    return full, offset
