import csv

import bare
import browser
import keras
import numpy as np
import pytest
import scipy.linalg
import tensorflow as tf

import pipelines
from pipelines import catalog
from pipelines.engine.data import split as data
from pipelines.losses import adaptation, coral, mmd
from pipelines.metrics import domains
from pipelines.models import correlation_alignment, gradient_reversal, instance_weights, paired

METHOD = catalog.method("adaptation")


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
    assert number(mmd.mmd(np.tile(x, (2, 1)), np.repeat([0.0, 1.0], 9))) == pytest.approx(
        0, abs=1e-6
    )


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


def test_coral_gives_source_features_the_covariance_of_the_target():
    random = np.random.default_rng(0)
    source, target = (
        random.normal(size=(n, 3)) @ random.normal(size=(3, 3)) + random.normal(size=3)
        for n in (40, 50)
    )
    found = correlation_alignment.coral(source, target)
    x, y = ((v - v.mean(0)) / v.std(0) for v in (source, target))
    power = scipy.linalg.fractional_matrix_power
    wanted = x @ power(np.cov(x.T) + np.eye(3), -0.5) @ power(np.cov(y.T) + np.eye(3), 0.5)
    np.testing.assert_allclose(found, wanted * target.std(0) + target.mean(0), rtol=1e-8)
    assert correlation_alignment.coral(source[:, :1], target[:, :1]).shape == (40, 1)


def test_each_domain_is_normalised_by_itself_and_the_targets_statistics_are_kept():
    inputs = keras.Input((2,), name="image")
    x = keras.layers.BatchNormalization(momentum=0.75, name="norm")(inputs)
    net = paired.Paired({"image": inputs}, {"x": x})
    random = np.random.default_rng(0)
    source, target = (
        random.normal(3, 2, (8, 2)).astype("float32"),
        random.normal(-1, 5, (8, 2)).astype("float32"),
    )
    found = keras.ops.convert_to_numpy(
        net({"image": np.concatenate([source, target])}, training=True)["x"]
    )
    wanted = [(v - v.mean(0)) / np.sqrt(v.var(0) + 1e-3) for v in (source, target)]
    np.testing.assert_allclose(found, np.concatenate(wanted), atol=1e-5)
    norm = net.get_layer("norm")
    np.testing.assert_allclose(norm.moving_mean, 0.25 * target.mean(0), rtol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, 0.75 + 0.25 * target.var(0), rtol=1e-5)


@pytest.mark.parametrize("cache", ["memory", "off"])
def test_every_batch_has_as_many_of_each_domain(cache):
    train = catalog.load("digit_domains").splits["train"].take([*range(0, 30), *range(1079, 1090)])
    names = [str(digit) for digit in range(10)]
    config = METHOD.Config().replace(
        alignment="dann", labels=names, batch_size=8, image_size=16, cache=cache
    )
    split = data.Split(train, METHOD, config)
    batches = [targets["domain"] for _, targets in split.train().take(12).as_numpy_iterator()]
    assert np.array(batches).tolist() == [[0.0] * 4 + [1.0] * 4] * 12
    later = next(split.train(5).as_numpy_iterator())
    np.testing.assert_array_equal(
        later[0]["image"], list(split.train().take(6).as_numpy_iterator())[5][0]["image"]
    )
    with pytest.raises(pipelines.PipelineError, match="batch_size must be a multiple of 2"):
        data.Split(train, METHOD, config.replace(batch_size=7)).train()


@pytest.mark.parametrize(
    ("alignment", "domains"), [("source", {0.0}), ("target", {1.0}), ("selection", {0.0})]
)
def test_an_alignment_that_needs_one_domain_sees_no_other(alignment, domains):
    train = catalog.load("digit_domains").splits["train"].take(range(1060, 1100))
    config = METHOD.Config().replace(
        alignment=alignment, labels=[str(i) for i in range(10)], batch_size=8, image_size=16
    )
    found = [
        targets["domain"]
        for _, targets in data.Split(train, METHOD, config).train().take(6).as_numpy_iterator()
    ]
    assert set(np.array(found).ravel().tolist()) == domains


@pytest.mark.slow
def test_coral_solves_its_head_in_the_last_epoch_and_goes_to_the_device(photos, tmp_path):
    root = photos({"source/cat": 40, "source/sky": 40, "target": 30})
    small = dict(
        backbone="compact_8", image_size=16, batch_size=8, steps_per_epoch=2, references=False
    )
    run = pipelines.train(
        "adaptation", root, tmp_path / "run", alignment="coral", epochs=2, **small
    )
    rows = (run.path / "history.csv").read_text().splitlines()
    assert [row["phase"] for row in csv.DictReader(rows)] == ["source", "coral"]
    assert run.evaluate()["source_accuracy"] > 0.5
    bundle = run.export(tmp_path / "bundle", ["float32"], max_drop=0.5)
    for client in (bare, browser):
        client.agrees(bundle, [next((root / "target").glob("*.jpg"))])
    with pytest.raises(pipelines.PipelineError, match="set epochs=2 or more"):
        pipelines.train("adaptation", root, tmp_path / "other", alignment="coral", epochs=1)


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
            tape.gradient(loss, x),
            [[-3 * (2 / (1 + np.exp(-10 * p)) - 1)] * 2],
            rtol=1e-4,
            atol=1e-6,
        )
    layer(x, training=False)
    assert number(layer.taken) == 6


def test_labels_without_weight_count_for_nothing():
    random = np.random.default_rng(0)
    logits = random.normal(size=(6, 3)).astype("float32")
    weight = np.array([1, 0, 2, 0, 0.5, 0])
    targets = {
        "label": np.eye(3)[[0, 1, 2, 0, 1, 2]],
        "domain": np.array([0, 1, 0, 1, 0, 1.0]),
        "weight": weight,
    }
    loss = adaptation.AdaptationLoss("source", 1.0)
    found = number(loss.call(targets, {"logits": logits, "features": logits}))
    each = -np.log((np.exp(logits) * targets["label"]).sum(1) / np.exp(logits).sum(1))
    assert found == pytest.approx((each * weight).sum() / weight.sum(), rel=1e-5)
    targets["label"] = np.where(
        weight[:, None] > 0, targets["label"], 0
    )  # as of examples that have none
    assert number(loss.call(targets, {"logits": logits, "features": logits})) == pytest.approx(
        found
    )


def test_importance_finds_the_ratio_of_densities():
    random = np.random.default_rng(0)
    source, target = random.normal(0, 1, (4000, 1)), random.normal(0.5, 1, (4000, 1))
    weights = instance_weights.importance(source, target)
    true = np.exp(0.5 * source[:, 0] - 0.125)  # of the two normal densities
    assert weights.mean() == pytest.approx(1)
    assert np.corrcoef(weights, true)[0, 1] > 0.95


def test_selection_keeps_what_looks_like_the_target():
    source = np.concatenate(
        [np.full((50, 2), -3.0), np.full((50, 2), 3.0)]
    ) + np.random.default_rng(0).normal(size=(100, 2))
    weights = instance_weights.selection(source, np.full((100, 2), 3.0), 0.5)
    assert weights.tolist() == [0] * 50 + [2] * 50


def test_tradaboost_lowers_what_contradicts_the_target():
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 2))
    labels = (x[:, 0] > 0).astype(int)
    wrong = np.arange(200) < 60
    given = np.where(wrong, 1 - labels, labels)
    few = random.normal(size=(20, 2)) * 2
    weights, own = instance_weights.tradaboost(x, given, few, (few[:, 0] > 0).astype(int))
    assert weights.mean() == pytest.approx(1)
    assert own.mean() == pytest.approx(1)
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
    assert (found["target_labelled"], found["target_unlabelled"]) == (3, 0)


def test_without_labels_in_the_target_the_source_is_judged():
    metric = domains.Domains(2)
    label = np.array([[1, 0], [0, 1], [0, 0], [0, 0.0]])
    metric.update_state(
        {"label": label, "domain": np.array([0, 0, 1, 1])},
        {"probabilities": np.eye(2)[[0, 0, 1, 1]]},
    )
    found = metric.result()
    assert (found["accuracy"], found["source_accuracy"]) == (0.5, 0.5)
    assert (found["target_labelled"], found["target_unlabelled"]) == (0, 2)
    metric.reset_state()
    assert metric.result()["target_unlabelled"] == 0


@pytest.mark.parametrize("alignment", ["importance", "selection", "tradaboost"])
def test_source_examples_get_weights(alignment):
    config = METHOD.Config().replace(
        alignment=alignment, labels=[str(digit) for digit in range(10)]
    )
    whole = catalog.load("digit_domains").splits
    train = whole["train"].take(range(0, 2158, 3))
    config = config.having(METHOD.learn(train, config))
    weights = np.array(METHOD.expand(train, config).columns["weight"])
    domain = np.array(train.columns["domain"])
    assert weights[domain == 0].mean() == pytest.approx(1)
    assert weights[domain == 0].std() > 0
    counted = (domain == 1) & (weights > 0)
    assert counted.sum() == (50 if alignment == "tradaboost" else 0)
    if alignment == "tradaboost":
        assert sorted(np.array(train.columns["label"])[counted]) == sorted([*range(10)] * 5)
        assert set(METHOD.strata(train, config)[1]) == set(np.flatnonzero(counted))
    other = np.array(METHOD.expand(whole["test"], config).columns["weight"])
    assert (other == 1 - np.array(whole["test"].columns["domain"])).all()


def test_data_without_domains_is_refused(tmp_path):
    with pytest.raises(
        pipelines.PipelineError, match="the data has no domain, 0 for source and 1 for target"
    ):
        pipelines.train("adaptation", data="digits", run=tmp_path / "run")


def test_domains_share_scans_and_no_split_shares_any():
    own = {}
    for split, examples in catalog.load("digit_domains").splits.items():
        numbers = [name.split("_")[1] for name in examples.names]
        own[split] = set(numbers)
        assert sorted(numbers) == sorted([*own[split]] * 2)
    assert not own["train"] & own["test"]
    assert len(set.union(*own.values())) == 1797
