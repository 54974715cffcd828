"""Style transfer: losses by hand, pictures that will not do, a painting that is killed, the device half."""

import io

import keras
import killed
import node
import numpy as np
import pytest
from conftest import once
from PIL import Image

import pipelines
from pipelines import catalog
from pipelines import run as runs
from pipelines.edge import style_transfer as edge
from pipelines.engine.training import weights
from pipelines.errors import PipelineError
from pipelines.losses import style as losses
from pipelines.models import painting, style_features
from pipelines.ops import images, patterns
from pipelines.tasks.style_transfer import _pictures

TINY = dict(
    loss_net="random", image_size=48, style_size=48, epochs=2, steps_per_epoch=3, checkpoint_steps=2
)
fast, gatys = catalog.method("fast_style"), catalog.method("gatys")


def saved(path, shape, mode="RGB", seed=0):
    """A picture of noise, uint8 or of 16 bits."""
    random = np.random.default_rng(seed)
    if mode == "I;16":
        Image.fromarray(random.integers(0, 2**16, shape, np.uint16)).save(path)
    else:
        coarse = random.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(coarse).resize(shape[::-1]).convert(mode).save(path)
    return path


@pytest.fixture(scope="module")
def painted():
    """A finished run of gatys. Copy what you change."""

    def make(folder):
        picture = saved(folder / "content.png", (60, 40))
        pipelines.train("gatys", data=picture, run=folder / "run", **TINY)

    return once("gatys", make)


# Losses.


def test_gram_matrices_are_means_of_products():
    x = np.array([[[[1.0, 2.0]], [[3.0, -1.0]]]], np.float32)  # two places
    found = keras.ops.convert_to_numpy(losses.gram(x))
    np.testing.assert_allclose(found, [[[5.0, -0.5], [-0.5, 2.5]]])


def test_losses_are_shares_of_what_is_wanted():
    one, two = np.ones((1, 2, 2, 1), np.float32), np.full((1, 2, 2, 1), 2, np.float32)
    assert float(losses.content([one], [two])[0]) == pytest.approx(0.25)  # (1 - 2)^2 / 2^2
    wanted = np.full((1, 1, 1), 4, np.float32)
    assert float(losses.style([one, two], [wanted, wanted])[0]) == pytest.approx(9 / 16 / 2)
    assert float(losses.style([two], [wanted])[0]) == 0


def test_variation_is_of_neighbours_in_both_directions():
    picture = np.zeros((1, 2, 3, 1), np.float32)
    picture[0, 0, 0] = 1
    assert float(losses.variation(picture)[0]) == pytest.approx(1 / 3 + 1 / 4)


def test_the_net_of_the_losses_looks_at_all_scales_of_a_picture():
    found = style_features.Features("efficientnet_lite0")(np.zeros((1, 64, 64, 3), np.float32))
    assert [x.shape[1] for x in found["style"]] == [32, 32, 32, 16, 8, 4]
    assert [x.shape[1] for x in found["content"]] == [8]


# Pictures.


@pytest.mark.parametrize("name", patterns.PATTERNS)
def test_a_pattern_is_the_same_each_time_and_has_contrast(name):
    found = patterns.draw(name, 64)
    assert (found.shape, found.dtype) == ((64, 64, 3), np.uint8)
    np.testing.assert_array_equal(found, patterns.draw(name, 64))
    assert found.std() > 30


@pytest.mark.parametrize(
    ("shape", "said"),
    [((1, 1), "1 x 1 px; 32 are"), ((1, 5000), "5000 x 1 px"), ((40, 20_000), "8 times")],
)
def test_extreme_sizes_are_refused_with_their_reason(shape, said, tmp_path):
    path = saved(tmp_path / "odd.png", shape)
    with pytest.raises(PipelineError, match=f"style {path} has .*{said}"):
        fast.source(None, fast.Config(style=str(path)))
    with pytest.raises(PipelineError, match=f"picture to paint {path} has .*{said}"):
        gatys.source(path, gatys.Config())


def test_what_is_no_picture_is_refused(tmp_path):
    text = tmp_path / "notes.jpg"
    text.write_text("hello")
    for call in (
        lambda: fast.source(None, fast.Config(style=str(text))),
        lambda: gatys.source(text, gatys.Config()),
    ):
        with pytest.raises(PipelineError, match="is a text file, not a picture.*Name another"):
            call()
    with pytest.raises(PipelineError, match="no style 'mosaik'. .*Did you mean 'mosaic'"):
        fast.source(None, fast.Config(style="mosaik"))
    with pytest.raises(PipelineError, match="cannot be read: No such file"):
        gatys.source(tmp_path / "missing.jpg", gatys.Config())
    with pytest.raises(PipelineError, match="train fast_style"):
        gatys.source(tmp_path, gatys.Config())
    picture = saved(tmp_path / "a.png", (40, 40))
    with pytest.raises(PipelineError, match="a.png is one. .* train gatys"):
        fast.source(picture, fast.Config())


@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "P", "1", "I;16"])
def test_a_picture_of_any_mode_is_a_style_and_is_painted(mode, tmp_path):
    path = saved(tmp_path / "any.png", (64, 80), mode)
    style = _pictures.style(fast.Config(style=str(path), style_size=64))
    assert (style.shape, style.dtype) == ((57, 72, 3), np.uint8)  # 64 * 80 px come to 64 * 64
    source = gatys.source(path, gatys.Config(image_size=40))
    assert source.content.shape == (32, 40, 3)
    assert source.fingerprint() == gatys.source(path, gatys.Config(image_size=40)).fingerprint()


def test_a_style_may_lie_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    path = saved(tmp_path / "own.png", (40, 40))
    wanted = _pictures.style(fast.Config(style=str(path)))
    np.testing.assert_array_equal(_pictures.style(fast.Config(style="~/own.png")), wanted)


def test_one_picture_is_optimised_and_a_folder_gets_a_net(tmp_path):
    path = saved(tmp_path / "a.png", (40, 40))
    task = catalog.task("style_transfer")
    assert task.source(str(path), None) is not None
    assert task.source(str(tmp_path), None) is None
    assert task.default(str(path), {})[0] == "gatys"
    assert task.default(catalog.load(tmp_path), {})[0] == "fast_style"
    (tmp_path / "list.csv").write_text("a.png,1")
    assert task.source(str(tmp_path / "list.csv"), None) is None


def test_a_training_picture_comes_as_often_as_is_set_and_a_small_one_is_an_error(tmp_path):
    saved(tmp_path / "large.png", (40, 40))
    saved(tmp_path / "small.png", (15, 40))
    config = fast.Config(patches=3)
    data = fast.adapt(catalog.load(tmp_path), config)
    again = fast.adapt(data, config)
    assert [p.example for p in again.problems if p.kind == "too-small"] == ["small.png"]
    for split, examples in again.splits.items():
        count = 3 if split == "train" else 1
        assert len(fast.expand(examples, config)) == count * len(examples)


# The painting.


def test_a_painting_gives_its_picture_and_how_far_the_given_one_is():
    net = painting.model(2, 3)
    content = np.full((2, 3, 3), 51, np.uint8)
    net.get_layer(painting.NAME).begin(content, 0.0, 0)
    given = np.stack([content, np.full((2, 3, 3), 102, np.uint8)])
    found = net({"image": given})
    np.testing.assert_allclose(found["image"], np.full((2, 2, 3, 3), 0.2), rtol=1e-6)
    np.testing.assert_allclose(found["apart"], [0.0, 0.2], atol=1e-6)


def test_a_painting_comes_nearer_to_the_style(painted):
    run = pipelines.load(painted / "run")
    result = run.evaluate()
    assert result["style_loss"] < result["floor"]
    assert result["content_loss"] > 0
    assert [path.name for path in sorted((run.path / "sketches").iterdir())] == [
        "epoch_0001.png",
        "epoch_0002.png",
    ]


def test_a_killed_painting_ends_with_the_same_bytes(painted, tmp_path):
    whole = pipelines.load(painted / "run")
    begun = runs.start("gatys", painted / "content.png", tmp_path / "run", TINY)
    again = killed.resumed(begun, 4)
    assert weights.sha256(again.model) == weights.sha256(whole.model)


def test_predict_gives_the_painting_and_refuses_another_picture(painted, tmp_path):
    run = pipelines.load(painted / "run")
    (answer,) = run.predict(painted / "content.png", out=tmp_path / "out")
    assert answer["size"] == [60, 40]
    assert answer["painted"] == [48, 32]
    other = tmp_path / "other.png"
    Image.new("RGB", (40, 60)).save(other)
    with pytest.raises(PipelineError, match="not the picture that this run has painted"):
        run.predict(other)


def test_a_painting_cannot_be_exported_and_says_why(painted, tmp_path):
    with pytest.raises(PipelineError, match="nothing to export: gatys makes one picture"):
        pipelines.load(painted / "run").export(tmp_path / "bundle")


# The device half.


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (20_000, 3), (31, 47)])
def test_any_picture_is_fitted_as_in_training_and_comes_back_in_its_size(size):
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    given, (high, wide) = edge.squared(picture, 32, 32)
    assert given.shape == (32, 32, 3)
    assert max(high, wide) == 32
    assert min(high, wide) >= 1
    trained = images.fitted(picture, 32).numpy()
    assert np.abs(trained.astype(int) - given).max() <= 1

    def run(inputs):
        assert inputs["image"].shape == (1, 32, 32, 3)
        return {"image": inputs["image"] / 255}

    manifest = {"inputs": {"image": {"shape": [1, 32, 32, 3]}}}
    answer, drawn = edge.predict(_png(picture), run, manifest)
    assert answer == {"size": list(size), "painted": [high, wide]}
    assert drawn["styled"].shape == (*size, 3)


def test_what_lies_beside_the_picture_is_mirrored():
    picture = np.arange(4 * 3, dtype=np.uint8).reshape(4, 1, 3).repeat(2, 1)
    given, inner = edge.squared(picture, 4, 7)
    assert inner == (4, 2)
    np.testing.assert_array_equal(given, picture[:, [0, 1, 1, 0, 0, 1, 1]])


def test_the_page_fits_pictures_as_the_device_half_does():
    sizes = [(1, 1), (1, 5000), (20_000, 3), (31, 47), (5, 2), (64, 64)]
    script = """
const {fitting, squared} = await import("./style_transfer.js");
const sizes = JSON.parse(await new Response(process.stdin).text());
const picture = {data: Uint8Array.from({length: 12}, (_, i) => i), height: 2, width: 2};
const {data} = squared(picture, 3, 5);
console.log(JSON.stringify([sizes.map(([h, w]) => fitting(h, w, 30, 44)), [...data]]));
"""
    found, data = node.found(script, sizes)
    assert [tuple(size) for size in found] == [edge.fitting(*size, 30, 44) for size in sizes]
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    wanted = picture[[0, 1, 1]][:, [0, 1, 1, 0, 0]]
    assert data == wanted.ravel().tolist()


def _png(picture):
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()
