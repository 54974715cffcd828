"""Super-resolution: formats, tiles, measures beside scikit-image's, bad input, and a run from data to bundle."""

import dataclasses
import io
import shutil
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
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

import pipelines
from pipelines import catalog
from pipelines.edge import super_resolution as edge
from pipelines.engine.data import source
from pipelines.errors import PipelineError, Refused
from pipelines.formats import pictures
from pipelines.metrics import super_resolution as metric
from pipelines.ops import bicubic
from pipelines.run import start

fast, srgan = catalog.method("fast"), catalog.method("srgan")

TINY = dict(width=8, depth=2, image_size=32, patch=16, batch_size=2, features="none")
AGAINST = TINY | dict(
    critic_width=4, epochs=2, adversarial_epochs=1, steps_per_epoch=4, checkpoint_steps=2
)


def photo(folder, name, height=64, width=80, seed=0, mode="RGB"):
    """Fields of colour with sharp edges, saved as PNG."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 11, 3), np.uint8)
    picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.NEAREST)
    picture.convert(mode).save(folder / name)
    return folder / name


def four(folder):
    for i, split in enumerate(("train", "train", "validation", "test")):
        photo(folder, f"{split}/{i}.png", seed=i)
    return folder


@pytest.fixture
def folder(tmp_path):
    return four(tmp_path / "data")


@pytest.fixture(scope="module")
def whole():
    """A run against a critic that nothing stops, made once for all workers. Copy what you change."""

    def make(place):
        pipelines.train("srgan", data=four(place / "data"), run=place / "run", **AGAINST)

    return pipelines.load(once("srgan", make) / "run")


def test_a_folder_of_pictures_is_enough(folder, tmp_path):
    found = catalog.load(folder)
    assert (found.format, {s: len(e) for s, e in found.splits.items()}) == (
        "pictures", {"test": 1, "train": 2, "validation": 1},
    )  # fmt: skip
    photo(tmp_path / "flat", "a.png")
    assert catalog.load(tmp_path / "flat").format == "pictures"
    (tmp_path / "empty").mkdir()
    with pytest.raises(PipelineError, match="no usable picture"):
        pictures.read(tmp_path / "empty")


def test_a_link_out_of_the_data_is_an_error(tmp_path):
    photo(tmp_path / "data", "a.png")
    (tmp_path / "data" / "b.png").symlink_to(photo(tmp_path / "other", "b.png"))
    found = pictures.read(tmp_path / "data")
    assert [(p.severity, p.example) for p in found.problems] == [("error", "b.png")]


def test_low_and_high_resolution_in_pairs(tmp_path):
    photo(tmp_path, "LR/1x4.png", 16, 20)
    photo(tmp_path, "HR/1.png")
    photo(tmp_path, "LR/2.png", 16, 20)
    photo(tmp_path, "HR/3.png")
    found = catalog.load(tmp_path)
    assert found.format == "pairs"
    assert [n for e in found.splits.values() for n in e.names] == ["HR/1.png"]
    assert sorted((p.severity, p.where) for p in found.problems) == [
        ("error", "HR/3.png"),
        ("warning", "LR/2.png"),
    ]
    problems = fast.adapt(found, fast.Config(scale=2)).problems
    assert ("error", "scale") in {(p.severity, p.kind) for p in problems}
    assert "scale" not in {p.kind for p in fast.adapt(found, fast.Config(scale=4)).problems}


def split_of(folder, **settings):
    config = fast.Config(**{**TINY, **settings})
    return source.split(source.read(folder, "auto", fast, config), "train", fast, config), config


def test_a_tile_is_reduced_as_the_whole_picture_is(tmp_path):
    path = photo(tmp_path / "train", "a.png", 270, 203)
    split, config = split_of(tmp_path, scale=3)
    whole = np.asarray(Image.open(path))[:270, :201]
    low = np.clip(np.round(bicubic.resize(whole, 90, 67)), 0, 255)
    assert len(split) > 4
    seen = np.zeros((90, 67), int)
    rows = zip(split.batches(1).as_numpy_iterator(), split.examples.columns["tile"], strict=True)
    for (inputs, targets), (_, top, left, *_) in rows:
        own = targets["tile"][0, 1:5]
        cut = (slice(own[0], own[2]), slice(own[1], own[3]))
        place = (slice(top + own[0], top + own[2]), slice(left + own[1], left + own[3]))
        assert np.abs(inputs["image"][0][cut].astype(int) - low[place]).max() <= 1
        large = tuple(slice(s.start * 3, s.stop * 3) for s in place)
        np.testing.assert_array_equal(
            targets["image"][0][tuple(slice(s.start * 3, s.stop * 3) for s in cut)], whole[large]
        )
        seen[place] += 1
    assert (seen == 1).all()


def test_measures_of_tiles_are_those_of_the_picture(tmp_path):
    path = photo(tmp_path / "train", "a.png", 288, 244)
    split, config = split_of(tmp_path, scale=4)
    whole = np.asarray(Image.open(path))
    noise = np.random.default_rng(0).normal(0, 9, whole.shape)
    guess = np.clip(np.round(whole + noise), 0, 255)
    judge = metric.Fidelity(4)
    for (_, targets), (_, top, left, *_) in zip(
        split.batches(1).as_numpy_iterator(), split.examples.columns["tile"], strict=True
    ):
        rows, columns = (
            np.minimum(np.arange(128) + at * 4, n - 1)
            for at, n in zip((top, left), whole.shape[:2], strict=True)
        )
        judge.update_state(targets, {"image": guess[rows][:, columns][None] / 255})
    found = judge.result()
    a, b = (rgb2ycbcr(p.astype(np.uint8))[4:-4, 4:-4, 0] for p in (whole, guess))
    assert len(split) > 1
    assert found["labels"] == ["train/a.png"]
    assert np.isclose(found["psnr_y"], peak_signal_noise_ratio(a, b, data_range=255), atol=1e-6)
    theirs = structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert np.isclose(found["ssim_y"], theirs, atol=1e-6)


def test_patches_of_both_resolutions_stay_aligned(tmp_path):
    photo(tmp_path / "train", "a.png", 128, 128)
    split, config = split_of(tmp_path, scale=4)
    batch = next(iter(split.batches(2)))
    doubled = tf.nest.map_structure(lambda t: tf.concat([t] * 8, 0), batch)
    inputs, targets = fast.augment(*doubled, tf.constant([3, 4], tf.int64), 0.0, config)
    assert inputs["image"].shape == (8, 16, 16, 3)
    for low, high in zip(inputs["image"].numpy(), targets["image"].numpy(), strict=True):
        again = np.clip(np.round(bicubic.resize(high, 16, 16)), 0, 255)[
            2:-2, 2:-2
        ]  # the patch's own edges are mirrored
        assert np.abs(again - low[2:-2, 2:-2]).max() <= 1
    assert len({picture.tobytes() for picture in inputs["image"].numpy()}) > 4


def test_tiles_leave_no_seam():
    config = fast.Config(**{**TINY, "scale": 3, "image_size": 40})
    keras.utils.set_random_seed(0)
    net = fast.model(config)
    for v in net.trainable_variables:  # the last layer starts near zero
        v.assign(v + 0.02 * keras.random.normal(v.shape))

    def run(inputs):
        return {"image": np.asarray(fast.decode(net(inputs), config)["image"])}

    picture = np.random.default_rng(0).integers(0, 256, (75, 64, 3), np.uint8)
    manifest = {"inputs": {"image": {"shape": [1, 40, 40, 3]}}, "config": fast.device(config)}
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    answer, drawn = edge.predict(stream.getvalue(), run, manifest)
    whole = run({"image": picture[None]})["image"][0]
    assert answer == {"size": [75, 64], "enlarged": [225, 192]}
    assert np.abs(drawn["enlarged"] - 255 * whole).max() <= 0.51


def test_bad_pictures_are_named(folder):
    photo(folder, "train/small.png", 20, 200)
    photo(folder, "train/odd.png", 65, 81)
    photo(folder, "train/grey.png", 64, 64, seed=9, mode="L")
    kinds = {
        (p.severity, p.kind, p.where)
        for p in pipelines.audit(folder, task="super_resolution").problems
    }
    assert ("error", "too-small", "train/small.png") in kinds
    assert ("note", "cropped", "train/odd.png") in kinds
    assert ("warning", "mixed-colour", "image") in kinds
    with pytest.raises(Refused, match="small.png"):
        pipelines.train("fast", data=folder, run=folder / "run", **TINY)


def test_a_single_picture_trains_without_validation(tmp_path):
    photo(tmp_path / "data" / "train", "a.png")
    data = catalog.load(tmp_path / "data")
    empty = {
        s: data.splits["train"].take([0] if s == "train" else [])
        for s in ("train", "validation", "test")
    }
    run = pipelines.train(
        "fast",
        data=dataclasses.replace(data, splits=empty),
        run=tmp_path / "run",
        epochs=1,
        **TINY,
    )
    assert run.info["status"] == "finished"


@pytest.mark.slow
def test_killed_against_the_critic_it_ends_with_the_same_bytes(whole, tmp_path):
    resumed = killed.resumed(start("srgan", whole.data_name, tmp_path / "killed", AGAINST), 6)
    assert resumed.info["weights_sha256"] == whole.info["weights_sha256"]


def test_settings_that_contradict_each_other():
    with pytest.raises(PipelineError, match="patch must be at most"):
        srgan.Config(patch=64, image_size=48)
    with pytest.raises(PipelineError, match="adversarial_epochs must be below"):
        srgan.Config(epochs=3, adversarial_epochs=3)


def test_a_fifth_of_the_epochs_is_against_the_critic():
    def lengths(**settings):
        return [phase.config.epochs for phase in srgan.phases(srgan.Config(**settings))]

    assert lengths(epochs=10) == [8, 2]
    assert lengths(epochs=3) == [2, 1]
    assert lengths(epochs=10, adversarial_epochs=6) == [4, 6]
    with pytest.raises(PipelineError, match="epochs must be at least 2; got 1"):
        lengths(epochs=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "generator", ["fast", pytest.param("srresnet", marks=pytest.mark.exhaustive)]
)
def test_from_pictures_to_a_bundle(whole, generator, tmp_path):
    folder = whole.data_name
    if generator == whole.config.generator:
        run = pipelines.load(shutil.copytree(whole.path, tmp_path / "run"))
    else:
        settings = AGAINST | {"generator": generator}
        run = pipelines.train("srgan", data=folder, run=tmp_path / "run", **settings)
    result = run.evaluate()
    assert set(result["per_class"]) == {"test/3.png"}
    bundle = run.export(tmp_path / "bundle", files=["float32", "float16", "int8"], max_drop=0.05)
    assert set(bundle.files) == {"float32", "float16", "int8"}
    assert bundle.files["float32"]["metrics"]["psnr_y"] == pytest.approx(result["psnr_y"], abs=0.01)
    answer = bundle.predict([Path(folder, "test/3.png")], out=tmp_path / "out")[0]
    assert answer["enlarged"] == [256, 320]
    with Image.open(next((tmp_path / "out").glob("*_enlarged.png"))) as picture:
        assert picture.size == (320, 256)
    for client in (bare, browser):
        client.agrees(bundle, [Path(folder, "test/3.png")])
    assert "were kept" not in run.report().read_text()  # the last epoch is, whichever is best
