"""Models of tables, by hand and by scikit-learn."""

import json

import numpy as np
import pytest
from columned import CLASSES, NUMBERS
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from pipelines import catalog
from pipelines.engine.training import setup
from pipelines.metrics import regression


def test_errors_by_hand():
    metric = regression.Errors()
    metric.update_state(np.array([[1.0], [2.0]]), {"value": np.array([[1.0], [4.0]])})
    metric.update_state(np.array([[6.0]]), {"value": np.array([[5.0]])})
    result = metric.result()
    assert result["rmse"] == pytest.approx((5 / 3) ** 0.5)
    assert result["mae"] == 1.0
    assert result["r2"] == pytest.approx(1 - 5 / 14)


def fitted(name, data, **settings):
    """(answers on the test split, features and targets of train, features of test)."""
    made = setup.set_up(name, data, settings)
    net = made.method.model(made.config)
    for phase in made.method.phases(made.config):
        phase.solve(net, made.source)
    train, test = (made.source.held_out(split).arrays() for split in ("train", "test"))
    return net.predict(test[0], verbose=0), train, test


def test_logistic_regression_is_scikit_learns():
    logits, (inputs, targets), test = fitted(f"{CLASSES}/linear", "wine")
    peer = LogisticRegression(max_iter=2000, tol=1e-8).fit(inputs["features"], targets.argmax(-1))
    wanted = peer.predict_log_proba(test[0]["features"])
    found = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    np.testing.assert_allclose(np.exp(found), np.exp(wanted), atol=0.04)  # it stops earlier
    assert (found.argmax(1) == wanted.argmax(1)).all()


def test_the_best_regularisation_is_looked_for_around_the_usual_one():
    made = setup.set_up(f"{CLASSES}/linear", "wine", {"regularisation": 0.0})
    (phase,) = made.method.phases(made.config)
    found = phase.solve(made.method.model(made.config), made.source)
    assert "the best of 6 on the validation split" in found


def test_linear_regression_is_scikit_learns_on_scaled_columns():
    values, (inputs, targets), test = fitted(f"{NUMBERS}/linear", "diabetes")
    x = inputs["features"].astype(float)
    np.testing.assert_allclose(x, StandardScaler().fit_transform(x), atol=1e-5)
    peer = Ridge().fit(x, targets.ravel())
    np.testing.assert_allclose(values.ravel(), peer.predict(test[0]["features"]), rtol=1e-4)


def test_without_a_penalty_columns_that_depend_on_others_have_small_weights():
    from pipelines.tasks.tabular_regression import linear

    # The columns of each category sum to one, so many weights fit: the smallest are wanted.
    chance = np.random.default_rng(1)
    parts = [np.eye(count)[chance.integers(0, count, 200)] for count in (3, 5)]
    x, y = np.concatenate(parts, 1), chance.normal(size=200)
    found = linear._model(0.0).fit(x, y)
    wanted = np.linalg.lstsq(x - x.mean(0), y - y.mean(), rcond=None)[0]
    np.testing.assert_allclose(found.coef_, wanted, atol=1e-8)


def test_the_rule_of_the_perceptron_by_hand():
    from pipelines.tasks.tabular_classification import perceptron

    method = catalog.method("perceptron")
    learned = {"columns": [json.dumps({"name": n, "kind": "number", "mean": 0, "deviation": 1,
                                       "missing": 0, "marks": 0}) for n in "ab"]}  # fmt: skip
    config = method.Config(labels=("no", "yes"), averaged=False).having(learned)
    net = method.model(config)
    features, targets = np.array([[1.0, 2.0], [3.0, -1.0]], np.float32), np.eye(2)[[1, 0]]
    # Both sums are 0, so the first class is found: a mistake. (1, 2, 1) is added to "yes" and taken
    # from "no". Then (3, -1, 1) has the sums -2 and 2: another one, which gives (2, -3, 0).
    assert perceptron._step(net, features, targets, config) == 1.0
    np.testing.assert_allclose(net.get_layer("logits").kernel, [[2, -2], [-3, 3]])
    np.testing.assert_allclose(net.get_layer("logits").bias, [0, 0])
    # The weights of classes weigh a mistake by what is true: 3 for "yes", 2 for "no".
    net = method.model(config)
    perceptron._step(net, features, targets, config.replace(class_weight_values=(2.0, 3.0)))
    np.testing.assert_allclose(net.get_layer("logits").kernel[:, 0], [-3 + 2 * 3, -6 - 2])
    mean = config.replace(averaged=True)
    net = method.model(mean)
    perceptron._step(net, features, targets, mean)
    # The mean of the weights after either row, -(1, 2, 1) and (2, -3, 0).
    np.testing.assert_allclose(net.get_layer("logits").kernel[:, 0], [0.5, -2.5])
    np.testing.assert_allclose(net.get_layer("logits").bias, [-0.5, 0.5])
