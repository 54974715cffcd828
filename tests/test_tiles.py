import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import catalog
from pipelines.edge import overlay, segmentation, tiles
from pipelines.models import unet


def _picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def _itself(square):
    """A model that sees one pixel: its answer is the picture, between 0 and 1."""
    assert square.dtype == np.uint8
    return square / np.float32(255)


def _whole(picture, side, run, margin, step=1):
    parts, at = [], 0
    for top, answers in tiles.bands(picture, side, run, margin, step):
        assert top == at
        parts.append(answers)
        at += len(answers)
    return np.concatenate(parts)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from([8, 16, 32]),
    st.integers(0, 8),
    st.sampled_from([1, 4, 8]),
)
def test_blending_changes_nothing_that_tiles_agree_on(height, width, side, margin, step):
    picture = _picture(height, width)
    answers = _whole(picture, side, _itself, min(margin, side // 4), step)
    np.testing.assert_allclose(answers, picture / np.float32(255), atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.sampled_from([8, 32, 64]))
def test_grid_owns_every_pixel_once(length, side):
    owned = np.zeros(max(length, side), int)
    for begin, own in tiles.grid(length, side):
        assert begin >= 0
        assert begin + side <= max(length, side)
        owned[begin + own : begin + side] += 1
    assert (owned[:length] == 1).all()


def test_a_net_in_tiles_answers_as_it_does_on_the_whole_picture():
    depth, side, height, width = 2, 64, 144, 176
    keras.utils.set_random_seed(0)

    def net(rows, columns):
        inputs = keras.Input((rows, columns, 3))
        x = unet.unet(keras.layers.Rescaling(1 / 255)(inputs), 4, depth)[0]
        return keras.Model(inputs, keras.layers.Softmax()(keras.layers.Conv2D(3, 1)(x)))

    small, large = net(side, side), net(height, width)
    large.set_weights(small.get_weights())
    picture = _picture(height, width)
    whole = large.predict_on_batch(picture[None].astype(np.float32))[0]
    sees = unet.context(depth) + 2**depth  # and as far again as its pooling cells may lie
    tiled = _whole(
        picture, side, lambda s: small.predict_on_batch(s.astype(np.float32)), sees, 2**depth
    )
    assert tiled.shape == whole.shape
    assert np.abs(tiled - whole).max() < 1e-4
    assert np.ptp(whole) > 0.1


def test_memory_is_a_row_of_tiles():
    import tracemalloc

    height, width, side, classes = 4096, 512, 64, 4
    picture, answer = (
        np.zeros((height, width, 3), np.uint8),
        np.zeros((1, side, side, classes), np.float32),
    )
    tracemalloc.start()
    rows = sum(len(a) for _, a in tiles.bands(picture, side, lambda square: answer, 16))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == height
    assert peak < 8 * side * width * classes * 4 < height * width * classes * 4 / 4


MANIFEST = {
    "inputs": {"image": {"shape": [1, 16, 16, 3]}},
    "labels": ["dark", "light"],
    "config": {"fit": "tile", "margin": 4, "step": 4},
}


def _brightness(inputs):
    light = inputs["image"].mean(-1, keepdims=True, dtype=np.float32) / 255
    return {"probabilities": np.concatenate([1 - light, light], -1)}


@pytest.mark.parametrize("fit", ["tile", "stretch"])
@pytest.mark.parametrize("size", [(16, 16), (40, 23), (5, 3), (1, 1), (16, 100)])
def test_predict_on_any_size(tmp_path, fit, size):
    from PIL import Image

    picture = np.zeros((*size, 3), np.uint8)
    picture[: max(1, size[0] // 2)] = 250
    Image.fromarray(picture).save(tmp_path / "a.png")
    manifest = {**MANIFEST, "config": {**MANIFEST["config"], "fit": fit}}
    answer, pictures = segmentation.predict(tmp_path / "a.png", _brightness, manifest)
    assert answer["size"] == list(size)
    assert sum(answer["shares"].values()) == pytest.approx(1)
    assert {name: p.shape[:2] for name, p in pictures.items()} == dict.fromkeys(
        ("mask", "confidence", "overlay"), size
    )
    wrong = (pictures["mask"] != (picture[:, :, 0] > 128)).mean()
    assert wrong == 0 if fit == "tile" else wrong < 0.2
    assert segmentation.line(answer).startswith(f"{size[0]} x {size[1]}  ")


def test_a_grey_picture_is_taken_for_a_coloured_one(tmp_path):
    from PIL import Image

    Image.fromarray(np.full((20, 20), 200, np.uint8)).save(tmp_path / "grey.png")
    answer, _ = segmentation.predict(str(tmp_path / "grey.png"), _brightness, MANIFEST)
    assert answer["shares"] == {"dark": 0.0, "light": 1.0}
    assert answer["confidence"] == pytest.approx(200 / 255, abs=0.003)


def test_margin_is_what_the_net_sees():
    method = catalog.method("unet")

    def margin(**settings):
        return method.device(method.Config(**settings))["margin"]

    assert margin(depth=3, image_size=512) == unet.context(3) == 44
    # And the other pixel of its own cell.
    assert margin(depth=3, image_size=512, patch=2) == 44 * 2 + 1
    assert margin(depth=3, image_size=128) == 32
    assert margin(depth=5, image_size=512, encoder="MobileNetV3Small") == 128


def test_colours_are_those_of_pascal_voc():
    assert overlay.colours(5).tolist() == [
        [0, 0, 0],
        [128, 0, 0],
        [0, 128, 0],
        [128, 128, 0],
        [0, 0, 128],
    ]
    assert len({tuple(c) for c in overlay.colours(256).tolist()}) == 256


def test_overlay_leaves_background_and_ignored_pixels():
    picture = np.full((1, 3, 3), 200, np.uint8)
    painted = overlay.overlay(picture, np.array([[0, 1, 255]]))
    assert painted.tolist() == [[[200] * 3, [164, 100, 100], [200] * 3]]
