"""Unpaired translation: folders, the pool, measures worked out otherwise, two optimizers, a killed run, a bundle."""

import dataclasses
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import bare
import browser
import keras
import killed
import numpy as np
import pytest
import tensorflow as tf
from conftest import once
from PIL import Image

import pipelines
from pipelines import catalog, run
from pipelines.edge.litert import Model
from pipelines.engine.data import source
from pipelines.engine.training import weights
from pipelines.errors import PipelineError, Refused
from pipelines.formats import unpaired
from pipelines.metrics import picture_translation as metric
from pipelines.models import pool

cyclegan = catalog.method("cyclegan")
TINY = dict(
    image_size=32,
    patch=32,
    width=4,
    blocks=1,
    critic_width=4,
    features="pixels",
    pool=3,
    learning_rate=1e-3,
)
LONGER = TINY | dict(epochs=2, steps_per_epoch=5, checkpoint_steps=3, identity_weight=0.0)


def picture(folder, name, seed, size=(40, 40), mode="RGB"):
    """Fields of colour, saved as PNG."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), np.uint8)
    Image.fromarray(coarse).resize(size, Image.Resampling.NEAREST).convert(mode).save(folder / name)
    return folder / name


def write(folder, **counts):
    """Folders of pictures, all different: write(path, trainA=3, trainB=2) -> path."""
    for name, count in counts.items():
        for i in range(count):
            picture(folder, f"{name}/{i}.png", seed=zlib.crc32(f"{name}{i}".encode()))
    return folder


def pairs(folder):
    return write(folder, trainA=4, trainB=3, valA=2, valB=2, testA=2, testB=2)


@pytest.fixture
def folder(tmp_path):
    return pairs(tmp_path / "data")


@pytest.fixture(scope="module")
def whole():
    """A run of LONGER that nothing stops, made once for all workers. Copy what you change."""

    def make(place):
        pipelines.train("cyclegan", data=pairs(place / "data"), run=place / "run", **LONGER)

    return pipelines.load(once("cyclegan", make) / "run")


def kinds(folder):
    return {(p.severity, p.kind) for p in pipelines.audit(folder, task="cyclegan").problems}


def test_folders_of_two_domains(folder, tmp_path):
    found = catalog.load(folder)
    assert (found.format, found.labels) == ("unpaired", {"label": ["A", "B"]})
    assert {s: e.columns["label"] for s, e in found.splits.items()} == {
        "train": [0, 0, 0, 0, 1, 1, 1], "validation": [0, 0, 1, 1], "test": [0, 0, 1, 1],
    }  # fmt: skip
    plain = write(tmp_path / "plain", horse=2, zebra=2)
    assert cyclegan.adapt(catalog.load(plain), cyclegan.Config()).labels == {
        "domain": ["horse", "zebra"]
    }
    with pytest.raises(PipelineError, match="two domains; it has a, b, c"):
        cyclegan.adapt(catalog.load(write(tmp_path / "three", a=1, b=1, c=1)), cyclegan.Config())


def test_an_empty_domain_is_an_error(tmp_path):
    write(tmp_path, trainA=2)
    (tmp_path / "trainB").mkdir()
    with pytest.raises(PipelineError, match="trainB"):
        unpaired.read(tmp_path)
    plain = write(tmp_path / "plain", horse=20, zebra=1)
    found = cyclegan.adapt(catalog.load(plain), cyclegan.Config())
    train_only = dataclasses.replace(
        catalog.load(plain), splits={"train": catalog.load(plain).splits["train"].take([0, 1])}
    )
    assert "empty-split" in {p.kind for p in cyclegan.adapt(train_only, cyclegan.Config()).problems}
    assert found.labels


def test_a_single_picture_of_each_stays_in_train(tmp_path):
    for number in range(8):  # whatever the name's hash is
        data = tmp_path / str(number)
        picture(data, f"trainA/{number}.png", 1)
        picture(data, f"trainB/{number}.png", 2)
        splits = unpaired.read(data).splits
        assert [sorted(splits[s].columns["label"]) for s in ("train", "validation", "test")] == [
            [0, 1],
            [],
            [],
        ]


def test_a_picture_in_both_domains_is_a_leak(folder):
    (folder / "trainB" / "same.png").write_bytes((folder / "trainA" / "0.png").read_bytes())
    found = [p for p in pipelines.audit(folder, task="cyclegan").problems if p.kind == "leak"]
    assert {p.example for p in found} == {"trainA/0.png", "trainB/same.png"}
    with pytest.raises(Refused, match="other domain"):
        pipelines.train("cyclegan", data=folder, run=folder / "run", **TINY)


def test_small_uneven_and_grey_pictures_are_said(folder):
    picture(folder, "trainA/small.png", 91, (20, 50))
    picture(folder, "trainB/grey.png", 92, mode="L")
    found = kinds(folder)
    assert {("warning", "too-small"), ("note", "stretched"), ("warning", "mixed-colour")} <= found


def test_pairs_are_found_by_name(folder):
    data = cyclegan.adapt(catalog.load(folder), cyclegan.Config())
    assert data.splits["test"].columns["pair"] == [0, 1, 0, 1]
    assert set(data.splits["train"].columns["pair"]) == {-1}
    off = cyclegan.adapt(catalog.load(folder), cyclegan.Config(pairs="off"))
    assert set(off.splits["test"].columns["pair"]) == {-1}
    (folder / "testB" / "1.png").rename(folder / "testB" / "2.png")
    assert set(
        cyclegan.adapt(catalog.load(folder), cyclegan.Config()).splits["test"].columns["pair"]
    ) == {-1}
    some = cyclegan.adapt(catalog.load(folder), cyclegan.Config(pairs="on")).splits["test"]
    rows = cyclegan.expand(some, cyclegan.Config())
    assert rows.names == ["testA/0.png, testB/0.png"]


def test_each_picture_of_the_larger_domain_comes_once(folder):
    config = cyclegan.Config(**TINY)
    rows = cyclegan.expand(source.read(folder, "auto", cyclegan, config).splits["train"], config)
    assert [i for i, _ in rows.columns["index"]] == [0, 1, 2, 3]
    assert {j for _, j in rows.columns["index"]} == {4, 5, 6}


def test_the_pool_gives_back_what_it_was_given():
    kept, random = pool.Pool(3, 2), np.random.default_rng(0)
    given = (random.integers(0, 256, (40, 1, 2, 2, 3)) / 127.5 - 1).astype(np.float32)
    shown = [keras.ops.convert_to_numpy(kept(batch)) for batch in given]
    np.testing.assert_array_equal(np.concatenate(shown[:3]), np.concatenate(given[:3]))
    inside = list(given[:3, 0])
    for new, got in zip(
        given[3:], shown[3:], strict=True
    ):  # the new one, or one of the pool, whose place it takes
        if not np.allclose(got, new, atol=1e-6):
            place = next(i for i, old in enumerate(inside) if np.allclose(old, got[0], atol=1e-6))
            inside[place] = new[0]
    now = keras.ops.convert_to_numpy(kept.kept) / 127.5 - 1
    assert all(any(np.allclose(a, b, atol=1e-6) for b in now) for a in inside)
    older = sum(not np.allclose(a, b, atol=1e-6) for a, b in zip(given, shown, strict=True))
    assert 8 <= older <= 29  # about half of 37


def test_measures_of_pairs_worked_out_by_hand():
    truth = np.zeros((1, 16, 16, 3), np.uint8)
    truth[:, :, 8:] = 255
    guess = np.zeros((1, 16, 16, 3))
    guess[:, :, 12:] = 1.0
    judge = metric.Pairs(("b",))
    judge.update_state({"a": truth, "b": truth, "paired": np.ones(1)}, {"to_b": guess})
    found = judge.result()
    assert found["pixel_accuracy_to_b"] == pytest.approx(0.75)
    assert found["mean_iou_to_b"] == pytest.approx((8 / 12 + 4 / 8) / 2)
    assert metric.Pairs().result() == {}
    cycle = metric.Cycle()
    targets = {"a": truth, "b": truth, "index": np.array([[0, 0]])}
    for _ in range(2):  # the same pictures count once
        cycle.update_state(targets, {"back_a": truth / 255, "back_b": guess})
    assert cycle.result() == {
        "cycle_error": pytest.approx(0.125), "cycle_error_a": 0.0, "cycle_error_b": pytest.approx(0.25),
    }  # fmt: skip


def batches(count):
    random = np.random.default_rng(0)
    return [
        {d: random.integers(0, 256, (1, 32, 32, 3), np.uint8) for d in "ab"} for _ in range(count)
    ]


@pytest.mark.slow
def test_one_loss_is_four_players_with_optimizers_of_their_own():
    """Against plain steps: generators first, then critics, on gradients of the weights that the step began with."""
    config = cyclegan.Config(**TINY | dict(pool=0, jit_compile="off", steps_per_epoch=2, epochs=2))
    keras.utils.set_random_seed(0)
    net = cyclegan.model(config)
    start = net.get_weights()
    for x in batches(2):
        net.train_on_batch(x, x)
    ours = net.get_weights()
    net.set_weights(start)
    there, back = net.get_layer("a_to_b"), net.get_layer("b_to_a")
    of_a, of_b = net.partners["critic_a"], net.partners["critic_b"]
    players = [[*there.trainable_variables, *back.trainable_variables],
               [*of_a.trainable_variables, *of_b.trainable_variables]]  # fmt: skip
    optimizers = [cyclegan.model(config).optimizer for _ in players]
    mse, mae = keras.losses.MeanSquaredError(), keras.losses.MeanAbsoluteError()
    for x in batches(2):
        a, b = (tf.cast(x[d], tf.float32) / 127.5 - 1 for d in "ab")
        with tf.GradientTape(persistent=True) as tape:
            fake_b, fake_a = there(a), back(b)
            judged = [of_b(fake_b), of_a(fake_a)]
            made = sum(mse(tf.ones_like(j), j) for j in judged)
            made += 10 * (mae(a, back(fake_b)) + mae(b, there(fake_a))) + 5 * (
                mae(b, there(b)) + mae(a, back(a))
            )
            told = 0.0
            for critic, real, fake in ((of_a, a, fake_a), (of_b, b, fake_b)):
                yes, no = critic(real), critic(tf.stop_gradient(fake))
                told += (mse(tf.ones_like(yes), yes) + mse(tf.zeros_like(no), no)) / 2
        gradients = [
            tape.gradient(loss, [v.value for v in own])
            for loss, own in zip((made, told), players, strict=True)
        ]
        for optimizer, gradient, own in zip(optimizers, gradients, players, strict=True):
            optimizer.apply(gradient, own)
    # A bias in front of a normalisation changes nothing: its gradient is rounding, which Adam makes
    # as large as any.
    names = [v.path for v in net.weights]
    theirs = net.get_weights()
    for name, wanted, got in zip(names, theirs, ours, strict=True):
        if "bias" not in name:
            np.testing.assert_allclose(
                got, wanted, atol=2e-4, err_msg=name
            )  # Adam's first steps have the rate's size
    moved = sum(
        np.abs(a - b).sum() for n, a, b in zip(names, ours, start, strict=True) if "bias" not in n
    )
    apart = sum(
        np.abs(a - b).sum() for n, a, b in zip(names, ours, theirs, strict=True) if "bias" not in n
    )
    assert apart < 1e-2 * moved


@pytest.mark.slow
def test_a_killed_run_ends_with_the_same_bytes(whole, tmp_path):
    begun = run.start("cyclegan", whole.data_name, tmp_path / "killed", LONGER)
    resumed = killed.resumed(begun, 9)
    assert resumed.info["weights_sha256"] == whole.info["weights_sha256"]
    counts = {v.path: int(v) for v in resumed.model.variables if v.path.endswith("count")}
    assert list(counts.values()) == [3, 3]
    assert weights.sha256(whole.model) == whole.info["weights_sha256"]


@pytest.mark.slow
def test_from_folders_to_a_bundle_of_both_directions(whole, tmp_path):
    trained = pipelines.load(shutil.copytree(whole.path, tmp_path / "run"))
    folder = Path(whole.data_name)
    result = trained.evaluate()
    assert {"cycle_error", "frechet_distance", "mean_iou_to_b", "ssim_to_a"} <= set(result)
    photo = folder / "testA" / "0.png"
    (both,) = trained.predict([photo], tmp_path / "ours")
    assert both["to"] == ["A", "B"]
    bundle = trained.export(tmp_path / "bundle", files=["float32", "int8"], max_drop=10.0)
    manifest = bundle.manifest
    square = {"shape": [1, 32, 32, 3], "dtype": "uint8"}
    assert {name: p["inputs"] for name, p in manifest["programs"].items()} == dict.fromkeys(
        ("a_to_b", "b_to_a"), {"image": square}
    )
    assert [list(p["outputs"]) for p in manifest["programs"].values()] == [["to_b"], ["to_a"]]
    assert list(Model(bundle.path / "model.tflite").programs) == ["a_to_b", "b_to_a"]
    assert manifest["files"]["float32"]["max_difference"] < 1e-3
    for name, value in manifest["reference"].items():  # pictures go back as files hold them
        if isinstance(value, float):
            assert value == pytest.approx(result[name], rel=1e-2, abs=1e-2)
    assert bundle.verify(folder)["passed"]
    done = subprocess.run(
        [sys.executable, bundle.path / "predict.py", photo, "--out", tmp_path / "theirs"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in ("0000_0_to_a.png", "0000_0_to_b.png"):
        with (
            Image.open(tmp_path / "ours" / name) as one,
            Image.open(tmp_path / "theirs" / name) as other,
        ):
            assert one.size == (40, 40)
            np.testing.assert_allclose(np.asarray(one, int), np.asarray(other, int), atol=1)
    for client in (bare, browser):
        client.agrees(bundle, [photo])
    card = (bundle.path / "card.md").read_text(encoding="utf-8")
    assert "Signature `a_to_b`" in card
    assert "Signature `b_to_a`" in card


def test_settings_that_contradict_each_other():
    with pytest.raises(PipelineError, match="patch must be at most"):
        cyclegan.Config(patch=64, image_size=48)
    with pytest.raises(PipelineError, match="pool must hold a batch"):
        cyclegan.Config(pool=2, batch_size=4)
