"""Heads that are solved, not trained."""

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from pipelines.errors import PipelineError
from pipelines.models import heads


def clusters(classes, seed):
    random = np.random.default_rng(seed)
    y = np.arange(40 * classes) % classes
    x = random.normal(0, 1, (len(y), 5)) * [1, 2, 3, 4, 100] + np.eye(5)[y] * [3, 6, 9, 12, 0] + 7
    return {"features": x.astype("float32")}, np.eye(classes, dtype="float32")[y]


@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_regression_is_the_dense_layer_that_it_becomes(classes):
    given = clusters(classes, 0)
    layer = keras.layers.Dense(classes)
    layer.build((None, 5))
    heads.solve(layer, "logistic_regression", given, None, 0.1)
    x, y = StandardScaler().fit_transform(given[0]["features"]), given[1].argmax(1)
    with np.errstate(all="ignore"):
        wanted = LogisticRegression(C=0.1).fit(x, y).predict_proba(x)
    found = keras.ops.convert_to_numpy(keras.ops.softmax(layer(given[0]["features"])))
    np.testing.assert_allclose(found, wanted, atol=5e-3)  # both stop at a tolerance


def test_svm_is_the_dense_layer_that_it_becomes():
    from sklearn.svm import LinearSVC

    given, held = clusters(3, 0), clusters(3, 1)
    layer = keras.layers.Dense(3)
    layer.build((None, 5))
    heads.solve(layer, "svm", given, held, 0.01)
    scaler = StandardScaler().fit(given[0]["features"])
    margins = LinearSVC(C=0.01, random_state=0).fit(
        scaler.transform(given[0]["features"]), given[1].argmax(1)
    )
    margins = margins.decision_function(scaler.transform(held[0]["features"]))
    found = keras.ops.convert_to_numpy(layer(held[0]["features"]))
    factor = (found * margins).sum() / (margins**2).sum()
    np.testing.assert_allclose(found, factor * margins, rtol=1e-3, atol=1e-3)

    count = len(margins)  # a certain answer is taken for right in N + 1 of N + 2 cases
    smoothed = np.where(held[1] > 0, (count + 1) / (count + 2), 1 / (count + 2) / 2)

    def loss(scale):
        powers = np.exp(scale * margins)
        return -(smoothed * np.log(powers / powers.sum(1, keepdims=True))).sum(1).mean()

    assert loss(factor) <= min(loss(0.9 * factor), loss(1.1 * factor))


def test_the_weights_of_the_classes_are_heeded():
    """A class that weighs three times as much is as good as one whose examples are there three times."""
    x, y = clusters(2, 0)
    x, first = x["features"], y[:, 0] > 0
    often = np.concatenate([np.flatnonzero(first)] * 3 + [np.flatnonzero(~first)])
    found = []
    for rows, weights in ((often, ()), (np.arange(len(x)), (3.0, 1.0))):
        layer = keras.layers.Dense(2)
        layer.build((None, 5))
        heads.solve(
            layer, "logistic_regression", ({"features": x[rows]}, y[rows]), None, 1.0, weights
        )
        found.append(keras.ops.convert_to_numpy(keras.ops.softmax(layer(x)))[:, 0])
    np.testing.assert_allclose(
        *found, atol=0.02
    )  # scaling is by the examples there are, and so a little off


def test_one_class_is_not_enough():
    x, y = clusters(2, 0)
    with pytest.raises(PipelineError, match="head=svm needs examples of two classes"):
        heads.solve(keras.layers.Dense(2), "svm", (x, np.eye(2)[np.zeros(len(y), int)]))


def test_a_class_without_examples_is_not_found():
    x, y = clusters(2, 0)
    layer = keras.layers.Dense(3)
    layer.build((None, 5))
    heads.solve(layer, "logistic_regression", (x, np.pad(y, ((0, 0), (1, 0)))), None, 0.1)
    found = keras.ops.convert_to_numpy(keras.ops.softmax(layer(x["features"])))
    assert found[:, 0].max() < 1e-3
    assert (found.argmax(1) == y.argmax(1) + 1).mean() > 0.8


def test_the_regularisation_is_the_best_on_validation():
    layer = keras.layers.Dense(3)
    layer.build((None, 5))
    train, held = clusters(3, 0), clusters(3, 1)
    said = heads.solve(layer, "logistic_regression", train, held)
    scaler = StandardScaler().fit(train[0]["features"])
    given, judged = (scaler.transform(part[0]["features"]) for part in (train, held))

    def loss(strength):
        model = LogisticRegression(C=strength, tol=1e-6, max_iter=1000)
        model.fit(given, train[1].argmax(1))
        return log_loss(held[1].argmax(1), model.predict_proba(judged))

    best = min(heads.GRID, key=loss)
    assert f"C {best:.2g}, the best of 10 on the validation split" in said
