"""Generation: pictures as methods get them, and random numbers that are the same everywhere."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pipelines import catalog
from pipelines.edge import draws, pictures, sampling
from pipelines.edge import generation as half
from pipelines.engine.data import source
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.ops import images, noise


def data(greys=0, colours=0, size=(8, 8)):
    """Pictures in memory, with labels 0 and 1 in turn."""
    chance, made = np.random.default_rng(0), []
    for i in range(greys + colours):
        channels = () if i < greys else (3,)
        made.append(chance.integers(0, 256, (*size, *channels), np.uint8))
    return {"image": made, "label": np.arange(len(made)) % 2}


def test_many_numbers_are_those_of_one_by_one():
    one = sampling.Random(7)
    wanted = [one() for _ in range(50)]
    np.testing.assert_array_equal(draws.uniform(7, 50), wanted)
    np.testing.assert_array_equal(draws.uniform(7, 20, start=30), wanted[30:])


def test_a_picture_gets_its_numbers_however_many_are_made():
    own = {"latent": draws.Draw((3,)), "start": draws.Draw((2, 2), "uniform")}
    many = draws.batch(own, seed=5, count=4)
    assert many["latent"].shape == (4, 3)
    assert many["start"].shape == (4, 2, 2)
    np.testing.assert_array_equal(many["latent"][2:3], draws.drawn(own, 5, 2)["latent"])
    assert len(np.unique(many["latent"])) == 12


def test_normal_numbers_are_normal():
    found = draws.batch({"latent": draws.Draw((100,))}, 0, 200)["latent"]
    assert abs(found.mean()) < 0.02  # 20,000 numbers: three standard errors
    assert abs(found.std() - 1) < 0.02
    assert abs((np.abs(found) < 1).mean() - 0.6827) < 0.01


def test_a_law_that_is_none_is_refused():
    with pytest.raises(ValueError, match="law must be one of normal, uniform; got 'even'"):
        draws.of_plain({"latent": {"shape": [3], "law": "even"}})


def test_grey_is_the_luma_of_pillow_on_both_sides():
    picture = np.random.default_rng(1).integers(0, 256, (20, 20, 3), np.uint8)
    wanted = np.asarray(Image.fromarray(picture).convert("L"))
    np.testing.assert_array_equal(pictures.grey(picture)[:, :, 0], wanted)
    np.testing.assert_array_equal(images.grey(picture).numpy()[:, :, 0], wanted)


@pytest.mark.parametrize(
    ("greys", "colours", "channels", "said"),
    [(6, 0, 1, "grey"), (0, 6, 3, "colour"), (2, 6, 3, "are grey and get three equal channels")],
)
def test_channels_follow_from_the_data_and_are_said(greys, colours, channels, said):
    made = setup.set_up("autoencoder", data(10 * greys, 10 * colours), {})
    inputs, targets = made.source.held_out("train").sample(3)
    assert inputs["image"].shape == (3, 8, 8, channels)
    assert targets["image"].shape == (3, 8, 8, channels)
    assert said in made.method.learns(made.config)


def test_sizes_that_differ_are_squeezed_and_said():
    both = data(40)
    both["image"][::3] = [picture[:, :5] for picture in both["image"][::3]]
    made = setup.set_up("autoencoder", both, {})
    assert "8 x 5 to 8 x 8 px, each is squeezed" in made.method.learns(made.config)


def test_pixels_are_black_or_white_from_a_threshold_on():
    made = setup.set_up("autoencoder", "digits", {"threshold": 0.5})
    inputs, targets = made.source.held_out("train").sample(40)
    plain, _ = setup.set_up("autoencoder", "digits", {}).source.held_out("train").sample(40)
    # The scans count 0 to 16 inked cells, here as round(255 / 16 * n): 8 of them are 128.
    np.testing.assert_array_equal(targets["image"], plain["image"] >= 128)
    np.testing.assert_array_equal(inputs["image"], 255 * (plain["image"] >= 128))


def test_classes_are_kept_without_being_judged_as_labels():
    made = setup.set_up("autoencoder", data(40), {})
    _, targets = made.source.held_out("train").sample(100)
    assert set(targets["label"]) == {0, 1}
    assert made.config.learned["classes"] == ["0", "1"]
    assert made.config.labels == ()
    one = {"image": data(40)["image"], "label": ["cat"] * 40}
    assert not setup.set_up("autoencoder", one, {}).audited.errors


def test_classes_of_other_data_go_by_their_names():
    trained = setup.set_up("autoencoder", {**data(40), "label": ["cat", "dog"] * 20}, {})
    other = {**data(40), "label": ["dog", "owl"] * 20}
    part = source.part(other, "train", "auto", trained.method, trained.config)
    _, targets = part.sample(100)
    assert set(targets["label"]) == {1, -1}


def test_random_numbers_follow_from_the_picture_and_in_training_from_the_step():
    draw, picture = draws.Draw((4,)), np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    one = noise.drawn(draw, (), noise.hashed(picture, 1))
    np.testing.assert_array_equal(one, noise.drawn(draw, (), noise.hashed(picture, 1)))
    assert not np.array_equal(one, noise.drawn(draw, (), noise.hashed(picture.T, 1)))
    several = noise.drawn(draws.Draw((4,), "uniform"), (50,), tf.constant([1, 2]))
    assert several.shape == (50, 4)
    assert 0 <= several.numpy().min() <= several.numpy().max() < 1


def test_data_without_pictures_is_refused():
    with pytest.raises(PipelineError, match="image is missing"):
        setup.set_up("autoencoder", {"text": ["a", "b"], "label": [0, 1]}, {})


def test_a_device_takes_pictures_as_training_does():
    made = setup.set_up("autoencoder", data(0, 20, size=(11, 9)), {"threshold": 0.4})
    manifest = {
        "inputs": {"image": {"shape": [1, 8, 8, 3]}},
        "config": catalog.method("autoencoder").device(made.config),
    }
    part = made.source.held_out("train")
    inputs, _ = next(iter(part.batches(1)))
    got = half.taken(part.examples.columns["image"][0], manifest)
    assert (
        got != np.asarray(inputs["image"][0])
    ).mean() < 0.02  # one shade apart at the threshold, at most
