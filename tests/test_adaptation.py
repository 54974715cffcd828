import keras
import numpy as np
import pytest
import tensorflow as tf

import pipelines
from pipelines import catalog
from pipelines.losses import adaptation, coral, mmd
from pipelines.metrics import domains
from pipelines.models import gradient_reversal, instance_weights
from pipelines.tasks import adaptation as task


def number(value):
    return float(keras.ops.convert_to_numpy(value))


@pytest.fixture(scope="module")
def features():
    """(features (9, 3), which are the target's): 4 of one domain, 5 of the other, in no order."""
    x = np.random.default_rng(0).normal(size=(9, 3)).astype("float32")
    return x, np.array([0, 1, 1, 0, 1, 0, 0, 1, 1], "float32")


def test_mmd_is_the_sum_over_all_pairs(features):
    x, target = features
    squares = np.array([[((a - b) ** 2).sum() for b in x] for a in x])
    mean = squares.sum() / (9 * 8)
    kernel = np.mean([np.exp(-squares / (width * mean)) for width in mmd.WIDTHS], 0)
    s, t = target == 0, target == 1
    wanted = kernel[s][:, s].mean() + kernel[t][:, t].mean() - 2 * kernel[s][:, t].mean()
    assert number(mmd.mmd(x, target)) == pytest.approx(wanted, rel=1e-4)
    assert number(mmd.mmd(x, 1 - target)) == pytest.approx(wanted, rel=1e-4)
    assert number(mmd.mmd(np.tile(x, (2, 1)), np.repeat([0.0, 1.0], 9))) == pytest.approx(0, abs=1e-6)


def test_coral_is_the_distance_of_covariances(features):
    x, target = features
    gap = np.cov(x[target == 0].T) - np.cov(x[target == 1].T)
    assert number(coral.coral(x, target)) == pytest.approx((gap**2).sum() / (4 * 3 * 3), rel=1e-4)


@pytest.mark.parametrize("loss", [mmd.mmd, coral.coral])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_a_batch_of_one_domain_costs_nothing(features, loss, target):
    x = tf.constant(features[0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = loss(x, tf.fill([9], target))
    assert number(value) == 0
    assert np.isfinite(tape.gradient(value, x)).all()


def test_the_gradient_is_reversed_and_grows():
    layer = gradient_reversal.GradientReversal(steps=4)
    x = tf.constant([[1.0, -2.0]])
    for taken in range(6):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
            loss = tf.reduce_sum(3 * y)
        p = min(taken / 4, 1)
        np.testing.assert_allclose(y, x, rtol=1e-6)
        np.testing.assert_allclose(
            tape.gradient(loss, x), [[-3 * (2 / (1 + np.exp(-10 * p)) - 1)] * 2], rtol=1e-4, atol=1e-6
        )
    layer(x, training=False)
    assert number(layer.taken) == 6


@pytest.mark.parametrize("labelled", [0, 1])
def test_labels_of_the_other_domain_count_for_nothing(labelled):
    random = np.random.default_rng(0)
    logits = random.normal(size=(6, 3)).astype("float32")
    domain, weight = np.array([0, 1, 0, 1, 0, 1.0]), np.array([1, 1, 2, 1, 0, 1.0])
    outputs = {"logits": logits, "features": logits}
    loss = adaptation.AdaptationLoss("source", 1.0, labelled)
    label = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    found = number(loss.call({"label": label, "domain": domain, "weight": weight}, outputs))
    own = domain == labelled
    each = -np.log(np.exp(logits)[label == 1] / np.exp(logits).sum(1))
    assert found == pytest.approx((each * weight)[own].sum() / weight[own].sum(), rel=1e-5)
    other = np.where(own[:, None], label, np.eye(3)[[2, 2, 0, 1, 0, 0]])
    assert number(loss.call({"label": other, "domain": domain, "weight": weight}, outputs)) == pytest.approx(found)


def test_importance_finds_the_ratio_of_densities():
    random = np.random.default_rng(0)
    source, target = random.normal(0, 1, (4000, 1)), random.normal(0.5, 1, (4000, 1))
    weights = instance_weights.importance(source, target)
    true = np.exp(0.5 * source[:, 0] - 0.125)  # of the two normal densities
    assert weights.mean() == pytest.approx(1)
    assert np.corrcoef(weights, true)[0, 1] > 0.95


def test_selection_keeps_what_looks_like_the_target():
    source = np.concatenate([np.full((50, 2), -3.0), np.full((50, 2), 3.0)]) + np.random.default_rng(0).normal(
        size=(100, 2)
    )
    weights = instance_weights.selection(source, np.full((100, 2), 3.0), 0.5)
    assert weights.tolist() == [0] * 50 + [2] * 50


def test_tradaboost_lowers_what_contradicts_the_target():
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 2))
    labels = (x[:, 0] > 0).astype(int)
    wrong = np.arange(200) < 60
    given = np.where(wrong, 1 - labels, labels)
    few = random.normal(size=(20, 2)) * 2
    weights = instance_weights.tradaboost(x, given, few, (few[:, 0] > 0).astype(int))
    assert weights.mean() == pytest.approx(1)
    assert weights[wrong].mean() < 0.5 * weights[~wrong].mean()


def test_accuracy_is_the_targets_and_the_sources_is_beside_it():
    metric = domains.Domains(2)
    probabilities = np.array([[0.9, 0.1]] * 5, "float32")
    targets = {"label": np.eye(2)[[0, 0, 0, 1, 1]], "domain": np.array([0, 0, 1, 1, 1.0])}
    metric.update_state(targets, {"probabilities": probabilities})
    found = metric.result()
    assert next(iter(found)) == "accuracy"
    assert float(found["accuracy"]) == pytest.approx(1 / 3)
    assert float(found["source_accuracy"]) == 1


@pytest.mark.parametrize("method", ["importance", "selection", "tradaboost"])
def test_source_examples_get_weights_once(method):
    config = task.Config().replace(method=method)
    data = catalog.load("digit_domains")
    once = task.adapt(data, config)
    train = once.splits["train"]
    weights, domain = np.array(train.columns["weight"]), np.array(train.columns["domain"])
    assert (weights[domain == 1] == 1).all()
    assert weights[domain == 0].mean() == pytest.approx(1)
    assert weights[domain == 0].std() > 0
    assert task.adapt(once, config) is once
    assert "weight" not in once.splits["test"].columns


def test_data_without_domains_is_refused(tmp_path):
    with pytest.raises(pipelines.PipelineError, match="the data has no domain, 0 for source and 1 for target"):
        pipelines.train("adaptation", data="digits", run=tmp_path / "run")


def test_domains_share_scans_and_no_split_shares_any():
    data = catalog.load("digit_domains")
    own = {}
    for split, examples in data.splits.items():
        numbers = [name.split("_")[1] for name in examples.names]
        own[split] = set(numbers)
        assert sorted(numbers) == sorted([*own[split]] * 2)
    assert not own["train"] & own["test"]
    assert len(set.union(*own.values())) == 1797
