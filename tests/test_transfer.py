import dataclasses
import json
import subprocess
import sys

import bare
import browser
import child
import keras
import numpy as np
import presets
import pytest
from conftest import write_photos

import pipelines
from pipelines import catalog, optimization
from pipelines.engine.training import fit as train
from pipelines.errors import PipelineError
from pipelines.families import fine_tuning

transfer = catalog.method("transfer")

SMALL = dict(image_size=32, batch_size=8)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    counts = {
        f"{s}/{c}": n
        for s, n in (("train", 16), ("validation", 6), ("test", 6))
        for c in ("cat", "dog")
    }
    return write_photos(tmp_path_factory.mktemp("transfer") / "photos", counts)


def config(**settings):
    plain = dict(labels=("a", "b", "c"), steps_per_epoch=4, image_size=32, epochs=1)
    return transfer.Config().replace(**plain | settings)


def begun(**settings):
    """The model as its last phase begins, and what that says."""
    resolved = config(**settings)
    model = transfer.model(resolved)
    for phase in transfer.phases(resolved):
        said = phase.begin(model)
    return model, said


# What is frozen.


def test_blocks_go_by_the_numbers_in_the_names():
    layers = [
        keras.layers.Dense(1, name=n)
        for n in ("stem_conv", "stem_bn", "block1a_x", "block1a_y", "block2b_", "top")
    ]
    net = keras.Sequential([keras.Input((1,)), *layers])
    assert {
        name: [layer.name for layer in block] for name, block in fine_tuning.blocks(net).items()
    } == {
        "stem": ["stem_conv", "stem_bn"],
        "block1a": ["block1a_x", "block1a_y"],
        "block2b": ["block2b_"],
        "top": ["top"],
    }


@pytest.mark.parametrize(
    ("unfreeze", "trained", "frozen"),
    [
        ("none", [], ["stem", "block1a", "block7a", "top"]),
        ("2", ["block7a", "top"], ["stem", "block1a", "block6d"]),
        ("all", ["stem", "block1a", "block6d", "top"], []),
        ("99", ["stem", "block1a", "top"], []),
    ],
)
def test_blocks_are_trained_from_the_top(unfreeze, trained, frozen):
    model, said = begun(unfreeze=[unfreeze], phase_epochs=[1])
    found = fine_tuning.blocks(fine_tuning.trunk(model))
    assert len(found) == 18
    for name in trained:
        assert any(layer.trainable_variables for layer in found[name]), name
    for name in frozen:
        assert not any(layer.trainable_variables for layer in found[name]), name
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines()[3:]}
    for name, block in found.items():
        weights = sum(np.prod(v.shape) for layer in block for v in layer.weights)
        trainable = sum(np.prod(v.shape) for layer in block for v in layer.trainable_variables)
        assert [int(n.replace(",", "")) for n in rows[name][:2]] == [weights, trainable]
    assert rows["head"][:2] == ["3,843", "3,843"]  # 1280 * 3 + 3


def test_what_a_net_never_trains_counts_as_frozen():
    inner = keras.Sequential(
        [keras.Input((4,)), *(keras.layers.Dense(3, name=n) for n in ("table", "block1_x"))]
    )
    inner.never_trained = ("table",)
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inner(inputs)))
    (phase,) = fine_tuning.phases(config(unfreeze=["all"]), lambda *_: None)
    rows = {line.split()[0]: line.split()[1:3] for line in phase.begin(model).splitlines()[3:]}
    assert rows == {"stem": ["15", "0"], "block1": ["12", "12"], "head": ["4", "4"]}


@pytest.mark.parametrize("freeze_norm", [True, False])
def test_frozen_normalisation_keeps_its_statistics(freeze_norm):
    model, _ = begun(unfreeze=["2"], freeze_norm=freeze_norm)
    net = fine_tuning.trunk(model)
    low, high = net.get_layer("stem_bn"), net.get_layer("block7a_").bn1
    before = [np.array(norm.moving_mean) for norm in (low, high)]
    model(
        {"image": np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)},
        training=True,
    )
    assert np.array_equal(before[0], low.moving_mean)
    assert np.array_equal(before[1], high.moving_mean) == freeze_norm


# Rates and the pull back.


def dense(value):
    layer = keras.layers.Dense(1, use_bias=False)
    layer.build((None, 1))
    layer.kernel.assign([[value]])
    return layer.kernel


@pytest.mark.parametrize("ema", [0.0, 0.5])
def test_lower_rates_by_hand(ema):
    low, high = dense(1.0), dense(1.0)
    settings = dict(
        optimizer="sgd",
        momentum=0.0,
        weight_decay=0.0,
        schedule="constant",
        warmup_epochs=0,
        ema=ema,
    )
    made = optimization.optimizer(config(learning_rate=0.5, **settings), rates=[(low, 0.1)])
    made.build([low, high])
    made.apply([keras.ops.ones((1, 1)) * 2.0] * 2)
    assert float(high[0, 0]) == pytest.approx(1 - 0.5 * 2)
    assert float(low[0, 0]) == pytest.approx(1 - 0.5 * 0.1 * 2)


def test_the_pull_back_by_hand():
    kernel, head = dense(3.0), dense(3.0)
    settings = dict(
        optimizer="sgd", momentum=0.0, weight_decay=0.1, schedule="constant", warmup_epochs=0
    )
    made = optimization.optimizer(
        config(learning_rate=0.5, **settings), rates=[(kernel, 1.0)], pull=0.2
    )
    made.build([kernel, head])
    made.apply([keras.ops.ones((1, 1)), keras.ops.zeros((1, 1))])
    # 3 - 0.5 is 0.5 away from 3, of which 0.5 * 0.2 is taken back, and nothing decays. The head
    # does: 3 (1 - 0.05).
    assert float(kernel[0, 0]) == pytest.approx(2.5 + 0.5 * 0.2 * 0.5)
    assert float(head[0, 0]) == pytest.approx(3 * 0.95)


JAX = """
import keras, numpy as np
from pipelines import optimization
from pipelines.config import Config

config = Config(optimizer="sgd", momentum=0.0, weight_decay=0.1, schedule="constant", warmup_epochs=0, ema=0.5,
                learning_rate=0.5, steps_per_epoch=1)
net = keras.Sequential([keras.Input((1,)), *(keras.layers.Dense(1, use_bias=False) for _ in range(2))])
low, high = net.weights
low.assign([[1.0]]), high.assign([[1.0]])
net.compile(optimization.optimizer(config, rates=[(low, 0.1)], pull=0.2), "mse")
net.fit(np.ones((1, 1)), np.zeros((1, 1)), verbose=0)
print(keras.backend.backend(), float(low[0, 0]), float(high[0, 0]))
"""


def test_lower_rates_hold_under_jax():
    done = child.run(JAX)
    assert done.returncode == 0, done.stderr
    backend, low, high = done.stdout.split()
    # The loss is (low high)^2, its gradient 2 either way: 1 - 0.05 * 2 = 0.9, of which 0.05 * 0.2
    # is taken back to 1.
    assert (backend, float(low)) == ("jax", pytest.approx(0.9 + 0.05 * 0.2 * 0.1))
    assert float(high) == pytest.approx((1 - 0.5 * 0.1) - 0.5 * 2)  # decays, too


def test_rates_fall_from_block_to_block():
    _, said = begun(unfreeze=["all"], block_rate=0.5, learning_rate=0.08)
    rows = {line.split()[0]: line.split()[-1] for line in said.splitlines()[3:]}
    assert (rows["head"], rows["top"], rows["block7a"], rows["block6d"]) == (
        "0.08",
        "0.08",
        "0.04",
        "0.02",
    )


# Settings.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            dict(unfreeze=["none", "all"], phase_epochs=[0, 0]),
            "phase_epochs add up to 0: nothing would be trained",
        ),
        (
            dict(unfreeze=["none", "all"]),
            "unfreeze names 2 phases: say how long each is, as in phase_epochs=5,5",
        ),
        (
            dict(unfreeze=["none", "all"], phase_epochs=[3]),
            "phase_epochs needs one value for each phase .*: 2; got 1",
        ),
        (dict(unfreeze=["some"]), "unfreeze takes none, all, auto, or a number .* got 'some'"),
        (dict(unfreeze=["0"]), "unfreeze takes none, all, auto, or a number .* got '0'"),
        (dict(head="svm", unfreeze=["all"]), "head=svm is found on features that stay as they are"),
        (
            dict(head="svm", augment_frozen=True),
            "head=svm is found on features that stay as they are",
        ),
        (dict(unfreeze=[], phase_rates=[0.1]), "phase_rates is a setting of phases: name one"),
        (dict(unfreeze=[], phase_epochs=[2]), "phase_epochs is a setting of phases: name one"),
        (dict(unfreeze=[], backbone_rate=0.1), "backbone_rate is a setting of phases: name one"),
        (dict(unfreeze=[], l2_sp=0.1), "l2_sp is a setting of phases: name one"),
    ],
)
def test_phases_that_make_no_sense(settings, message):
    with pytest.raises(PipelineError, match=message):
        transfer.phases(transfer.Config().replace(**settings))


def test_a_phase_of_no_epochs_is_left_out():
    settings = dict(unfreeze=["none", "6", "all"], phase_epochs=[2, 0, 3], head="svm")
    stages = train.phases(transfer, config(**settings))
    assert [(stage.name, stage.config.epochs) for stage in stages] == [("head", 2), ("all", 3)]


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        ("compact_8", "unfreeze needs a pretrained net inside the model"),
        (
            "mobilenet_v2",
            "unfreeze needs a pretrained net, and mobilenetv2.* begins with random weights",
        ),
    ],
)
def test_a_model_without_a_pretrained_net_cannot_be_frozen(data, tmp_path, backbone, message):
    with pytest.raises(PipelineError, match=message):
        pipelines.train(
            "transfer", data=data, run=tmp_path / "run", backbone=backbone, epochs=1, **SMALL
        )
    assert not (tmp_path / "run").exists()


def test_an_encoder_without_weights_cannot_be_frozen():
    segmentation = catalog.method("unet")
    settings = dict(
        encoder="mobilenet_v2", depth=3, image_size=64, unfreeze=["none"], phase_epochs=[1], width=4
    )
    config = segmentation.Config().replace(labels=("a", "b"), steps_per_epoch=1, **settings)
    (phase,) = segmentation.phases(config)
    with pytest.raises(
        PipelineError, match="needs a pretrained net, and pyramid begins with random weights"
    ):
        phase.begin(segmentation.model(config))


# Runs.


@pytest.fixture(scope="module")
def extracted(data, tmp_path_factory):
    return pipelines.train(
        "transfer",
        data=data,
        run=tmp_path_factory.mktemp("x") / "run",
        head="logistic_regression",
        epochs=1,
        **SMALL,
    )


def test_features_are_computed_once_and_give_what_the_whole_model_gives(extracted):
    resolved = extracted.config
    (phase,) = transfer.phases(resolved)
    fixed, rest = phase.cut(extracted.model)
    split = extracted.split("validation")
    features = split.through(fixed)
    whole = extracted.model.predict(split.batches(), verbose=0)
    np.testing.assert_allclose(rest.predict(features.batches(), verbose=0), whole, atol=1e-4)
    batch, targets = next(features.train().as_numpy_iterator())
    inputs, truth = features.arrays()
    for row, target in zip(batch["features"], targets, strict=True):
        (same,) = np.flatnonzero((inputs["features"] == row).all(1))
        assert np.array_equal(truth[same], target)
    assert transfer.decode(whole, resolved)["probabilities"].shape == (12, 2)


def test_features_of_a_split_without_examples(data, tmp_path):
    read = catalog.load(str(data))
    read = dataclasses.replace(
        read, splits={**read.splits, "validation": read.splits["validation"].take(())}
    )
    settings = dict(
        head="logistic_regression", epochs=1, keep="last", backbone=presets.pictures(), **SMALL
    )
    run = pipelines.train("transfer", data=read, run=tmp_path / "run", **settings)
    assert run.info["data"]["examples"]["validation"] == 0


@pytest.mark.slow
def test_scikit_learns_head_goes_into_the_bundle_and_to_the_device(extracted, data, tmp_path):
    assert extracted.evaluate("test")["accuracy"] >= 0.9  # of 12
    bundle = extracted.export(tmp_path / "bundle", files=["float32", "int8"])
    photo = data / "test" / "dog" / "000.jpg"
    done = subprocess.run(
        [sys.executable, bundle.path / "predict.py", photo, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    device = json.loads(done.stdout.splitlines()[-1])["predictions"][0]
    here = extracted.predict([photo])[0]
    assert device["label"] == here["label"] == "dog"
    # The net's own scaling of its input is inside the model: what trains, what is exported and
    # predict.py share it.
    assert device["probability"] == pytest.approx(here["probability"], abs=1e-3)
    for client in (bare, browser):
        client.agrees(bundle, [photo])


@pytest.mark.slow
@pytest.mark.exhaustive  # as phases are in `test_phases`
def test_head_first_then_some_blocks_resumes_to_the_same_weights(data, tmp_path, monkeypatch):
    settings = dict(
        unfreeze="none,2",
        phase_epochs="2,2",
        phase_rates="0.01,0.0001",
        l2_sp=0.1,
        block_rate=0.5,
        backbone=presets.pictures(),
        **SMALL,
    )
    whole = pipelines.train("transfer", data=data, run=tmp_path / "whole", **settings)
    plain = train.Loop.on_train_batch_end

    def ended(self, *arguments, **named):
        plain(self, *arguments, **named)
        if self.step == 14:  # within the second phase, and behind its first epoch
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(train.Loop, "on_train_batch_end", ended)
        with pytest.raises(KeyboardInterrupt):
            pipelines.train("transfer", data=data, run=tmp_path / "run", **settings)
    assert pipelines.resume(tmp_path / "run").info["weights_sha256"] == whole.info["weights_sha256"]
