"""Losses, thresholds and scores of several labels and of numbers."""

import types

import keras
import numpy as np
import pytest
from sklearn import metrics as peers
from sklearn.linear_model import Ridge

from pipelines.edge import numbers
from pipelines.families import target_kinds
from pipelines.losses import binary_cross_entropy, squared_error
from pipelines.metrics import regression, several_labels
from pipelines.models import solved, thresholds

# Nets.


def test_binary_cross_entropy_by_hand():
    loss = binary_cross_entropy.BinaryCrossEntropy(class_weights=(2.0, 1.0))
    outputs = np.array([[0.0, np.log(3.0), 9.0, 9.0]], np.float32)  # the last two are thresholds
    # -log(1/2) twice as heavy, and -log(1 - 3/4).
    wanted = (2 * np.log(2) + np.log(4)) / 2
    assert float(loss.call(np.array([[1.0, 0.0]]), outputs)[0]) == pytest.approx(wanted)
    smooth = binary_cross_entropy.BinaryCrossEntropy(smoothing=0.5)
    # Targets 0.75 and 0.25: log(2), and log(4) - 0.25 log(3).
    wanted = (np.log(2) + np.log(4) - 0.25 * np.log(3)) / 2
    assert float(smooth.call(np.array([[1.0, 0.0]]), outputs)[0]) == pytest.approx(wanted)


def test_squared_error_is_in_units_of_each_number():
    loss = squared_error.ScaledSquaredError([2.0, 10.0])
    found = loss.call(np.array([[1.0, 5.0]]), keras.ops.array([[5.0, 15.0]]))
    assert float(found[0]) == pytest.approx((4.0 + 1.0) / 2)


def test_thresholds_have_the_best_f1():
    chance = np.random.default_rng(3)
    logits, is_true = chance.normal(size=60), chance.random(60) < 0.3
    found = thresholds.best(logits, is_true)
    scores = [peers.f1_score(is_true, logits >= cut) for cut in [*logits, found]]
    assert scores[-1] == pytest.approx(max(scores))
    assert thresholds.best(np.array([3.0, 2.0, 1.0]), np.array([True, False, True])) == 0.0
    # All above 1 have it and nothing else: midway between 1 and 2.
    logits = np.array([2.0] * 6 + [1.0] * 6)
    assert thresholds.best(logits, logits > 1.5) == 1.5


def test_thresholds_of_few_examples_follow_their_chance_less():
    """Log odds of two normal distributions, whose best threshold a large sample knows."""
    chance = np.random.default_rng(0)

    def drawn(count):
        is_true = chance.random(count) < 0.3
        return 2 * chance.normal(size=count) + 4 * is_true - 2.8, is_true

    truth, off = thresholds.best(*drawn(100_000)), {thresholds.best: [], thresholds.chosen: []}
    for _ in range(20):
        logits, is_true = drawn(60)
        for rule, found in off.items():
            found.append((rule(logits, is_true) - truth) ** 2)
    assert np.mean(off[thresholds.chosen]) < 0.7 * np.mean(off[thresholds.best])


@pytest.mark.parametrize(("positives", "least", "most"), [(5, -8, -4), (4, 0, 0), (0, 0, 0)])
def test_a_rare_label_keeps_its_threshold(positives, least, most):
    """All with it have -4 or more, the others -8; of fewer than 5 nothing is concluded."""
    logits = np.full(300, -8.0)
    logits[:positives] = np.linspace(-4, -3, positives)
    assert least <= thresholds.chosen(logits, logits > -6) <= most


def test_the_thresholds_lie_behind_the_logits():
    layer = thresholds.Thresholds()
    assert layer(np.array([[1.0, 2.0]], np.float32)).shape == (1, 4)
    layer.values.assign([0.5, -1.0])
    np.testing.assert_allclose(layer(np.array([[1.0, 2.0]], np.float32)), [[1, 2, 0.5, -1]])


def test_weights_of_labels_and_numbers_are_scikit_learns():
    chance = np.random.default_rng(0)
    x = chance.normal(size=(80, 3)) * [1, 5, 0.1] + 2
    y = np.stack([x[:, 0] > 2, x[:, 1] + chance.normal(size=80) > 2, np.ones(80)], 1).astype(float)
    layer = keras.layers.Dense(3)
    layer.build((None, 3))
    solved.several(layer, ({"features": x}, y), strength=1.0)
    found = np.asarray(layer(x.astype(np.float32))) > 0
    assert (found == y).mean(0).min() > 0.8
    assert found[:, 2].all()
    one = keras.layers.Dense(1)
    one.build((None, 3))
    numbers_ = 3 * x[:, :1] + 7 + chance.normal(size=(80, 1))
    solved.numbers(one, ({"features": x}, numbers_), None, (np.zeros(1), np.ones(1)), 1.0)
    scaled = (x - x.mean(0)) / x.std(0)
    wanted = Ridge(alpha=1.0).fit(scaled, numbers_).predict(scaled)
    np.testing.assert_allclose(one(x.astype(np.float32)), wanted.reshape(-1, 1), rtol=1e-4)


# Scores.


def test_scores_of_labels_are_scikit_learns():
    chance = np.random.default_rng(1)
    true, chances = chance.random((50, 4)) < 0.4, chance.random((50, 4)).round(1)
    metric = several_labels.SeveralLabels()
    for rows in (slice(0, 20), slice(20, 50)):
        decoded = {"probabilities": chances[rows], "thresholds": np.full((1, 4), 0.55)}
        metric.update_state(true[rows], decoded)
    result, found = metric.result(), chances >= 0.55
    assert result["macro_f1"] == pytest.approx(peers.f1_score(true, found, average="macro"))
    assert result["micro_f1"] == pytest.approx(peers.f1_score(true, found, average="micro"))
    assert result["map"] == pytest.approx(peers.average_precision_score(true, chances))
    assert result["subset_accuracy"] == pytest.approx(peers.accuracy_score(true, found))
    assert result["per_class"]["support"].tolist() == true.sum(0).tolist()


def test_errors_of_angles_go_the_shorter_way_round():
    names, angles = ["age", "turn"], ["turn"]
    true, found = np.array([[30.0, 350.0], [50.0, 10.0]]), np.array([[33.0, 10.0], [50.0, 10.0]])
    metric = regression.Errors(names, angles)
    rolled = numbers.rolled(true, names, angles)
    metric.update_state(rolled, {"value": numbers.rolled(found, names, angles)})
    result = metric.result()
    assert result["labels"] == names
    np.testing.assert_allclose(result["per_class"]["mae"], [1.5, 10.0])
    np.testing.assert_allclose(result["per_class"]["rmse"], [4.5**0.5, 200**0.5])
    # The mean direction is 0, from which both are 10 degrees away.
    np.testing.assert_allclose(result["per_class"]["r2"], [1 - 4.5 / 100, 1 - 200 / 100])
    assert result["mae"] == pytest.approx(5.75)
    np.testing.assert_allclose(numbers.unrolled(rolled, names, angles), true)


def part(**columns):
    examples = types.SimpleNamespace(columns=columns)
    return types.SimpleNamespace(examples=examples)


def test_floors_by_hand():
    config = types.SimpleNamespace(labels=("a", "b", "c"), learned={"answer": ["labels"]})
    # Of four examples three have a, one has b, and none has c.
    rows = part(label=[[0], [0, 1], [0], []])
    wanted = (2 * 0.75 / 1.75 + 2 * 0.25 / 1.25) / 2
    assert target_kinds.of(config).floor(rows, config) == pytest.approx(wanted)
    learned = {"answer": ["numbers"], "numbers": ["turn"], "angles": ["turn"]}
    config = types.SimpleNamespace(learned=learned)
    rolled = numbers.rolled(np.array([[350.0], [10.0]]), ["turn"], ["turn"])
    assert target_kinds.of(config).floor(part(value=rolled), config) == pytest.approx(10.0)
