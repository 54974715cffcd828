"""Generation: pictures as methods get them, and random numbers that are the same everywhere."""

import dataclasses
import io
import types

import node
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from sklearn.datasets import load_digits

from pipelines import catalog
from pipelines.edge import draws, pictures, predict, sampling
from pipelines.edge import generation as half
from pipelines.engine.data import source
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.formats import examples
from pipelines.formats.memory import reading
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


def test_classes_that_are_not_used_are_told():
    method, pictures = catalog.method("vae"), data(40)["image"]
    label, parts = list(np.arange(40) % 2), {"train": slice(30), "test": slice(30, 40)}
    halves = {split: {"image": pictures[own]} for split, own in parts.items()}
    halves["train"]["label"] = label[:30]
    features = {"image": "picture", "label": "label"}
    (said,) = reading.read(halves, features, "vae", optional=("label",)).problems
    assert said.message.startswith("label is not used, as it is not given for test.")
    config, names = types.SimpleNamespace(learned={}), [f"{i}.png" for i in range(3)]
    plain = examples.Examples(names, {"image": pictures[:3]}, names, ("image",))
    several = dataclasses.replace(plain, columns={**plain.columns, "label": [0, [0, 1], 1]})
    one = dataclasses.replace(plain, columns={**plain.columns, "label": [0, 1, 1]})
    splits = {"train": one, "validation": several, "test": plain}
    found = method.adapt(examples.Data("x", "x", splits, {"label": ["a", "b"]}), config)
    (said,) = found.problems
    assert (said.where, said.kind) == ("1.png", "several-classes")
    assert "1 of 3 pictures have several classes" in said.message
    with_label = [split for split, part in found.splits.items() if "label" in part.columns]
    assert with_label == ["train"]


def test_classes_of_other_data_go_by_their_names():
    trained = setup.set_up("autoencoder", {**data(40), "label": ["cat", "dog"] * 20}, {})
    other = {**data(40), "label": ["dog", "owl"] * 20}
    part = source.part(other, "train", "auto", trained.method, trained.config)
    _, targets = part.sample(100)
    assert set(targets["label"]) == {1, -2}  # dog, and one that training had not


def test_random_numbers_follow_from_the_picture_and_in_training_from_the_step():
    draw, picture = draws.Draw((4,)), np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    one = noise.drawn(draw, (), noise.hashed(picture, 1))
    np.testing.assert_array_equal(one, noise.drawn(draw, (), noise.hashed(picture, 1)))
    assert not np.array_equal(one, noise.drawn(draw, (), noise.hashed(picture.T, 1)))
    several = noise.drawn(draws.Draw((4,), "uniform"), (50,), tf.constant([1, 2]))
    assert several.shape == (50, 4)
    assert 0 <= several.numpy().min() <= several.numpy().max() < 1


def test_pictures_that_differ_get_seeds_that_differ_and_are_the_same_everywhere():
    last = (load_digits().images[-297:] >= 8).astype(np.uint8) * 255
    distinct = tf.data.Dataset.from_tensor_slices(np.unique(last, axis=0))
    seeds = {int(seed[0]) for seed in distinct.map(lambda picture: noise.hashed(picture, 1))}
    assert len(seeds) == len(distinct) == 291
    fixed = noise.hashed(np.arange(12, dtype=np.uint8).reshape(2, 2, 3), 7)
    np.testing.assert_array_equal(fixed, [2660447253333263666, 7])


def test_two_inputs_of_random_numbers_of_a_picture_have_nothing_in_common():
    class Two(type(catalog.method("vae"))):
        def _noise(self, config):
            return {"one": draws.Draw((4,)), "two": draws.Draw((4,))}

    config = types.SimpleNamespace(
        image_size=8, threshold=0.0, learned={}, beta=1.0, conditional=False
    )
    inputs, _ = Two().parse({"image": data(1)["image"][0][..., None].repeat(3, 2)}, config)
    assert not np.intersect1d(inputs["one"], inputs["two"]).size


def test_data_without_pictures_is_refused():
    with pytest.raises(PipelineError, match="image is missing"):
        setup.set_up("autoencoder", {"text": ["a", "b"], "label": [0, 1]}, {})


def test_a_device_takes_pictures_as_training_does():
    made = setup.set_up("autoencoder", data(0, 20, size=(11, 9)), {"threshold": 0.4})
    manifest = {
        "config": catalog.method("autoencoder").device(made.config),
    }
    part = made.source.held_out("train")
    inputs, _ = next(iter(part.batches(1)))
    got = half.taken(part.examples.columns["image"][0], manifest)
    assert (
        got != np.asarray(inputs["image"][0])
    ).mean() < 0.02  # one shade apart at the threshold, at most


# The device half, with programs made by hand.


def machine(program="decode", conditional=False, strange=False):
    """(run, manifest) of a model of 2 x 2 grey pictures whose two numbers are its upper pixels."""

    def run(inputs, name):
        if name == "encode":
            return {"latent": inputs["image"].reshape(1, 4)[:, :2] / np.float32(255)}
        if name == "reconstruct":
            made = inputs["image"] / np.float32(255)
            return {"image": made * np.float32(0.5), "strangeness": np.array([2.5], np.float32)}
        latent = inputs["latent"].reshape(1, 2)
        if "label" in inputs:
            latent = latent * 0 + inputs["label"]
        return {"image": np.concatenate([latent, latent * 0], 1).reshape(1, 2, 2, 1)}

    config = {"side": 2, "channels": 1, "cut": 0, "conditional": conditional}
    config["maker"] = {"program": program, "draws": {"latent": {"shape": [2], "law": "normal"}}}
    names = ["encode", "decode", *(["reconstruct"] if strange else [])]
    learned = {"classes": ["cat", "dog"]}
    return run, {"config": config, "programs": dict.fromkeys(names), "learned": learned}


def encoded(picture):
    file = io.BytesIO()
    Image.fromarray(np.asarray(picture, np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_a_picture_gets_its_numbers_and_its_error():
    run, manifest = machine()
    answer, made = half.predict(encoded([[255, 51], [0, 102]]), run, manifest)
    assert answer["latent"] == pytest.approx([1, 0.2])
    assert answer["mse"] == pytest.approx(0.4**2 / 4)  # the lower right pixel is lost
    np.testing.assert_array_equal(made["image"], [[255, 51], [0, 0]])
    assert half.line(answer) == "2 numbers, error 0.0400"


def test_a_strange_picture_is_said_to_be():
    run, manifest = machine(strange=True)
    answer, _ = half.predict(encoded(np.full((2, 2), 255)), run, manifest)
    assert half.line(answer) == "2 numbers, error 0.2500, strangeness 2.50 (strange)"


def test_as_many_pictures_are_made_as_are_asked_for_the_same_of_a_seed():
    run, manifest = machine()
    answer, made = half.predict(None, run, manifest, {"count": 3, "seed": 7})
    assert list(made) == ["grid", "0", "1", "2"]
    assert made["grid"].shape == (2 * 2 + 1, 2 * 2 + 1)
    wanted = draws.drawn({"latent": draws.Draw((2,))}, 7, 1)["latent"]
    bytes_ = np.clip(np.round(wanted * 255), 0, 255)
    np.testing.assert_array_equal(made["1"][0], bytes_[0])
    assert "3 pictures of seed 7" in half.line(answer)
    _, more = half.predict(None, run, manifest, {"count": 9, "seed": 7})
    np.testing.assert_array_equal(more["2"], made["2"])


def test_a_class_is_asked_for_or_all_take_turns():
    run, manifest = machine(conditional=True)
    _, made = half.predict(None, run, manifest, {"count": 3})
    assert [int(made[str(i)][0, 0]) for i in range(3)] == [0, 255, 0]
    _, made = half.predict(None, run, manifest, {"count": 2, "of_class": ("dog",)})
    assert [int(made[str(i)][0, 0]) for i in range(2)] == [255, 255]
    with pytest.raises(ValueError, match="no class 'owl'. There are: cat, dog"):
        half.predict(None, run, manifest, {"count": 2, "of_class": ("owl",)})
    with pytest.raises(ValueError, match="knows no classes"):
        half.predict(None, *machine(), {"count": 2, "of_class": ("dog",)})


def test_a_walk_goes_from_picture_to_picture():
    run, manifest = machine()
    sources = tuple(map(encoded, ([[0, 0], [0, 0]], [[204, 102], [0, 0]])))
    answer, made = half.predict(sources, run, manifest, {"walk": 2})
    assert answer == {"frames": 3}
    assert made["walk"].shape == (3, 128, 128, 3)
    assert made["walk"][:, 0, 0, 0].tolist() == [0, 102, 204]
    assert made["walk"][:, 0, -1, 0].tolist() == [0, 51, 102]
    with pytest.raises(ValueError, match="needs two pictures at least; got 1"):
        half.predict(sources[:1], run, manifest, {"walk": 2})


def test_a_picture_of_a_conditional_model_has_to_be_told_its_class():
    run, manifest = machine(conditional=True)
    asked = []

    def noted(inputs, name):
        asked.append((name, int(inputs["label"][0])))
        return run(inputs, name)

    picture = encoded([[0, 0], [0, 0]])
    half.predict(picture, noted, manifest, {"of_class": ("dog",)})
    half.predict((picture, picture), noted, manifest, {"of_class": ("dog",), "walk": 1})
    assert {label for _, label in asked} == {1}
    for chosen in ({}, {"of_class": ("cat", "dog")}):
        with pytest.raises(ValueError, match="--of-class NAME. There are: cat, dog"):
            half.predict(picture, noted, manifest, chosen)
        with pytest.raises(ValueError, match="--of-class NAME. There are: cat, dog"):
            half.predict((picture, picture), noted, manifest, {**chosen, "walk": 1})
    with pytest.raises(ValueError, match="knows no classes"):
        half.predict(picture, *machine(), {"of_class": ("dog",)})


def test_a_walk_is_between_codes_and_has_an_end():
    run, manifest = machine("sample")
    with pytest.raises(ValueError, match="cannot walk between the pictures that it makes"):
        half.predict(None, run, manifest, {"count": 2, "walk": 2})
    run, manifest = machine()
    with pytest.raises(ValueError, match="at most 2000 frames; got 2001 x 1 = 2001"):
        half.predict(None, run, manifest, {"count": 2001, "walk": 1})
    pictures = (encoded([[0, 0], [0, 0]]),) * 4
    with pytest.raises(ValueError, match="at most 2000 frames; got 3 x 1000 = 3000"):
        half.predict(pictures, run, manifest, {"walk": 1000})


def test_a_walk_of_normal_numbers_stays_as_far_out_as_they_are():
    ends = [
        {"latent": np.array([[3.0, 0.0]], np.float32)},
        {"latent": np.array([[0.0, 3.0]], np.float32)},
    ]
    found = [own["latent"][0] for own in draws.walk(ends, 3, "normal")]
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 3, rtol=1e-6)
    np.testing.assert_allclose(found[1], [3 * np.cos(np.pi / 6), 1.5], rtol=1e-6)
    np.testing.assert_allclose(list(draws.walk(ends, 2, "uniform"))[1]["latent"], [[1.5, 1.5]])


def test_what_is_asked_for_is_one_thing():
    assert list(half.asked(["a", "b"], {})) == ["a", "b"]
    assert list(half.asked([], {"count": 4})) == [("made", None)]
    ((name, error),) = half.asked([], {"seed": 1})
    assert (name, str(error)) == ("made", "name pictures, or make some: --count 16")
    assert list(half.asked(["a", "b"], {"walk": 4})) == [("walk", ("a", "b"))]
    (name, error), _ = half.asked(["a"], {"count": 4})
    assert (name, str(error)) == ("a", "is not used with --count")
    ((name, error),) = half.asked(["a"], {"count": -4})
    assert str(error) == "count must be a whole number from 0 to 10000; got -4."


def test_a_model_that_makes_none_says_what_does():
    run, manifest = machine()
    del manifest["config"]["maker"]
    with pytest.raises(ValueError, match="makes no pictures out of random numbers"):
        half.predict(None, run, manifest, {"count": 2})


def test_an_animation_is_kept(tmp_path):
    frames = np.zeros((3, 128, 128, 3), np.uint8)
    frames[1] = 255
    predict.save(tmp_path, "0000_walk", {"frames": 3}, {"walk": frames})
    with Image.open(tmp_path / "0000_walk_walk.gif") as kept:
        assert kept.n_frames == 3


# The same in a browser.

MADE = """
const [own, seed] = JSON.parse(await new Response(process.stdin).text());
const {drawn} = await import("./draws.js");
const {line, make, predict} = await import("./generation.js");
const plain = ({data, shape}) => [[...data], shape];
const found = [0, 3].map((index) => Object.values(drawn(own, seed, index)).map(plain));
const maker = {program: "decode", draws: {latent: {shape: [2], law: "normal"}}};
const manifest = {config: {maker, conditional: true}};
const run = async ({latent, label}, program) => {
  return {image: {data: [...latent.data, label.data[0], program.length]}};
};
const {image} = await make(run, manifest, {seed, index: 1, kind: 2}, {0: 0.5});
const said = line({latent: [1, 2], mse: 0.04, strangeness: 2.5});
const untold = await predict(null, run, {...manifest, programs: {encode: {}}}).catch((error) => error.message);
console.log(JSON.stringify([found, image.data, said, untold]));
"""


def test_a_browser_draws_the_same_numbers_and_makes_pictures_of_them():
    own = {"latent": draws.Draw((3,)), "start": draws.Draw((2, 2), "uniform")}
    found, made, line, untold = node.found(MADE, [draws.plain(own), 11])
    for index, rows in zip((0, 3), found, strict=True):
        for (data, shape), values in zip(rows, draws.drawn(own, 11, index).values(), strict=True):
            np.testing.assert_allclose(np.reshape(data, shape), values, rtol=1e-6)
    latent = draws.drawn({"latent": draws.Draw((2,))}, 11, 1)["latent"][0]
    assert made == pytest.approx([0.5, latent[1], 2, len("decode")])  # the slider's number first
    assert line == "2 numbers, error 0.0400, strangeness 2.50 (strange)"
    assert untold == "this model has to be told the class of a picture"


def test_grey_is_the_same_in_a_browser():
    picture = np.random.default_rng(2).integers(0, 256, (50, 3), np.uint8)
    script = """
const {grey} = await import("./pictures.js");
console.log(JSON.stringify([...grey(JSON.parse(await new Response(process.stdin).text()))]));
"""
    found = node.found(script, picture.ravel().tolist())
    np.testing.assert_array_equal(found, pictures.grey(picture)[:, 0])


def test_what_is_drawn_is_the_picture_what_came_and_what_was_made():
    method, square = catalog.method("vae"), np.zeros((8, 8, 1), np.float32)
    inputs = {"image": np.full((8, 8, 1), 100, np.uint8)}
    decoded = {"image": square, "made": square}
    config = setup.set_up("vae", data(20), {}).config
    wide = method.draw(inputs, decoded, config, {"image": square + 0.5})
    plain = method.draw(
        {"image": np.full((8, 8, 1), 128, np.uint8)}, decoded, config, {"image": square + 0.5}
    )
    assert wide.shape[1] > plain.shape[1]  # what came differs from the picture, so it is shown too
    alone = method.draw(inputs, method.truth({"image": square}, config), config)
    assert alone.shape[2] == 3


def test_a_maker_sketches_what_it_makes_and_others_do_not():
    config = setup.set_up("vae", data(20), {}).config
    part = types.SimpleNamespace(sample=lambda count: ({"image": np.zeros((count, 8, 8, 1))}, None))

    def answer(inputs):
        return {"made": np.ones((len(inputs["image"]), 8, 8, 1), np.float32)}

    sheet = catalog.method("vae").sketch(answer, part, config)
    assert sheet.max() == 255
    assert sheet.shape[1] > sheet.shape[0]  # 32 pictures, 8 in a row
    assert catalog.method("autoencoder").sketch(answer, part, config) is None
