import numpy as np
import pytest
import tensorflow as tf

from pipelines.ops import images

SEED = [3, 7]


def noise(count=8, side=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), np.uint8)


@pytest.fixture
def draws(monkeypatch):
    """Sets the random numbers of one picture: draws(...)."""

    def set_(*values):
        given = tf.constant(values, tf.float32)
        monkeypatch.setattr(
            tf.random, "stateless_uniform", lambda shape, *_: tf.reshape(given, shape)
        )

    return set_


def untraced(function):
    """A function whose random numbers can be set: a traced one would keep those of its first call."""
    return getattr(function, "python_function", function)


def everything(pictures, seed=SEED):
    """Every random change at once, as a task does it."""
    a, b, c, d = images.split_seed(seed, 4)
    x = images.random_affine(pictures, a, flip=True, shift=0.2, zoom=0.3, rotate=30.0)
    x = images.cutout(images.random_colour(x, b, 0.4), c, 0.3)
    return images.mixup(x, tf.eye(8), d, 0.4)


def test_the_identity_is_exact():
    pictures = noise()
    # The tiniest rotation: the pictures go through the resampling, at the very places of their
    # pixels.
    moved = images.random_affine(pictures, SEED, rotate=1e-12)
    assert moved is not pictures
    np.testing.assert_array_equal(moved, pictures)
    for unchanged in (
        images.random_affine(pictures, SEED),
        images.random_colour(pictures, SEED, 0.0),
        images.cutout(pictures, SEED, 0.0),
        images.mixup(pictures, tf.eye(8), SEED, 0.0)[0],
    ):
        np.testing.assert_array_equal(unchanged, pictures)
    np.testing.assert_array_equal(images.mixup(pictures, tf.eye(8), SEED, 0.0)[1], tf.eye(8))


@pytest.mark.parametrize("side", [15, 16])
def test_a_flip_is_the_reversed_array(side):
    pictures = noise(40, side)
    flipped = images.random_affine(pictures, SEED, flip=True).numpy()
    kinds = [
        (np.array_equal(f, p), np.array_equal(f, p[:, ::-1]))
        for f, p in zip(flipped, pictures, strict=True)
    ]
    assert set(kinds) == {(True, False), (False, True)}
    assert (
        10 <= sum(mirrored for _, mirrored in kinds) <= 30
    )  # of 40 fair coins, all but 1 run in 1,000


def test_a_shift_by_whole_pixels_moves_them_and_continues_the_edge(draws):
    draws(0, 0, 1, 1, -0.5)  # angle, zoom, flip, x, y
    pictures = noise(1)
    moved = images.random_affine(pictures, SEED, shift=0.25).numpy()[0]
    rows, columns = np.clip(np.arange(16) - 2, 0, 15), np.clip(np.arange(16) + 4, 0, 15)
    np.testing.assert_array_equal(moved, pictures[0][rows][:, columns])


def test_a_quarter_turn(draws):
    draws(1, 0, 1, 0, 0)
    pictures = noise(1)
    turned = images.random_affine(pictures, SEED, rotate=90.0).numpy()[0].astype(int)
    gaps = [np.abs(turned - np.rot90(pictures[0], k)).max() for k in range(4)]
    assert gaps[1] <= 1  # cos 90 is not quite 0 in float32
    assert min(gaps[0], gaps[2], gaps[3]) > 100


def test_zoom_keeps_the_middle_and_has_a_scale(draws):
    draws(0, 1, 1, 0, 0)
    ramp = np.tile(np.arange(0, 170, 10, dtype=np.uint8)[None, None, :, None], (1, 17, 1, 3))
    zoomed = images.random_affine(ramp, SEED, zoom=1.0).numpy()[0, 0, :, 0]
    # Twice as large: half the step from pixel to pixel, 80 in the middle as before.
    assert zoomed.tolist() == list(range(40, 121, 5))


def test_colour_by_hand(draws):
    red = np.full((1, 4, 4, 3), (200, 0, 0), np.uint8)
    grey, change = round(0.299 * 200), untraced(images.random_colour)
    draws(0, -1, 0)  # contrast, saturation, brightness: no saturation is left
    assert change(red, SEED, 1.0).numpy()[0, 0, 0].tolist() == [grey] * 3
    draws(-1, 0, 0)  # no contrast: the mean of the picture, with each pixel's colour gone
    assert change(red, SEED, 1.0).numpy()[0, 0, 0].tolist() == [grey] * 3
    draws(0, 0, 0.1)  # brightness: 25.5 grey levels, to the nearest even
    assert change(red, SEED, 0.1).numpy()[0, 0, 0].tolist() == [226, 26, 26]
    draws(0, 0, 0.5)
    assert change(red, SEED, 0.5).numpy()[0, 0, 0].tolist() == [255, 128, 128]  # no overflow


def test_a_picture_of_one_grey_only_changes_brightness():
    grey = np.full((32, 4, 4, 3), 100, np.uint8)
    changed = images.random_colour(grey, SEED, 0.2).numpy().astype(int)
    assert (changed == changed[:, :1, :1, :1]).all()
    levels = changed[:, 0, 0, 0]
    assert 49 <= levels.min() < 90
    assert 110 < levels.max() <= 151


def test_cutout_takes_a_square_of_its_share():
    pictures = noise(64, 16) // 2  # no pixel is 127 but in a hole... and 127 itself
    pictures[pictures == 127] = 0
    hole = images.cutout(pictures, SEED, 0.25).numpy() == 127
    assert (hole == hole[..., :1]).all()
    for one in hole[..., 0]:
        rows, columns = np.flatnonzero(one.any(1)), np.flatnonzero(one.any(0))
        assert len(rows) == np.ptp(rows) + 1
        assert one.sum() == len(rows) * len(columns)  # a rectangle
        for lines in (rows, columns):  # 4 pixels wide, unless it is cut by an edge
            assert len(lines) == 4 or (2 <= len(lines) < 4 and (lines[0] == 0 or lines[-1] == 15))
    assert len({one.tobytes() for one in hole}) > 32  # not the same place for all
    untouched = np.where(hole, 0, pictures)
    np.testing.assert_array_equal(untouched, np.where(hole, 0, images.cutout(pictures, SEED, 0.25)))


def test_mixup_blends_pictures_as_it_blends_targets():
    levels = np.array(
        [0, 200, 40, 250, 90, 10, 160, 120], np.uint8
    )  # which no other pair of neighbours blends to
    pictures = np.tile(levels[:, None, None, None], (1, 4, 4, 3))
    mixed, blended = (t.numpy() for t in images.mixup(pictures, tf.eye(8), SEED, 0.4))
    np.testing.assert_allclose(blended.sum(1), 1, rtol=1e-6)
    for picture, target in zip(mixed, blended, strict=True):
        assert np.abs(picture - target @ levels).max() <= 0.5 + 1e-4
    shares = blended.diagonal()
    assert len(set(shares.tolist())) == 8  # each pair has a share of its own


def test_mixup_shares_are_beta_distributed():
    shares = images.mixup(
        np.zeros((4000, 1, 1, 3), np.uint8), np.eye(2, dtype="float32")[[0, 1] * 2000], SEED, 0.4
    )[1]
    share = np.where(np.arange(4000) % 2 == 0, shares[:, 0], shares[:, 1])
    # Beta(a, a): mean 1/2, variance 1 / (4 (2 a + 1))
    assert share.mean() == pytest.approx(0.5, abs=0.03)
    assert share.var() == pytest.approx(1 / (4 * 1.8), rel=0.05)


def test_a_seed_decides_and_another_one_differs():
    pictures = noise()
    (a, ta), (b, tb), (c, tc) = (
        everything(pictures),
        everything(pictures),
        everything(pictures, [3, 8]),
    )
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(ta, tb)
    assert (a.numpy() != c.numpy()).mean() > 0.5
    assert (ta.numpy() != tc.numpy()).any()
    one, two = images.split_seed(SEED, 2)
    assert one.numpy().tolist() != two.numpy().tolist()


def test_tf_data_does_what_eager_does():
    pictures = noise()
    data = tf.data.Dataset.from_tensors(pictures).map(everything)
    for inside, outside in zip(data.get_single_element(), everything(pictures), strict=True):
        np.testing.assert_array_equal(inside, outside)


@pytest.mark.parametrize("shape", [(40, 30), (16, 16), (7, 90)])
def test_resize_has_a_static_shape_eagerly_and_in_tf_data(shape):
    picture = noise(1, 90)[0][: shape[0], : shape[1]]
    data = tf.data.Dataset.from_generator(
        lambda: [picture], output_signature=tf.TensorSpec((None, None, 3), tf.uint8)
    ).map(lambda p: images.resize(p, 16))
    assert data.element_spec == tf.TensorSpec((16, 16, 3), tf.uint8)
    np.testing.assert_array_equal(next(iter(data)), images.resize(picture, 16))
    if shape == (16, 16):
        np.testing.assert_array_equal(images.resize(picture, 16), picture)


def test_resizing_averages():
    checks = np.tile(np.array([[0, 200], [200, 0]], np.uint8)[:, :, None], (8, 8, 3))
    middle = images.resize(checks, 8).numpy()[2:-2, 2:-2]
    assert (middle == 100).all()  # without antialiasing it would be 0 or 200
