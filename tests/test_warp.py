import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from pipelines.ops import warp

SEED = tf.constant([3, 4])


def _pictures(count=8, side=9):
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)


def test_nothing_on_changes_nothing():
    pictures = _pictures()
    places = warp.places(8, 9, SEED)
    np.testing.assert_array_equal(places[5, 2, 7], (2, 7))
    np.testing.assert_array_equal(warp.take(pictures, places), pictures)
    np.testing.assert_array_equal(warp.take(pictures, places, nearest=True), pictures)


def test_turns_and_flips_are_exact_and_all_occur():
    pictures = _pictures(64)
    moved = warp.take(pictures, warp.places(64, 9, SEED, flip=True, turn=True)).numpy()
    wanted = [[np.rot90(p[:, ::f], k) for f in (1, -1) for k in range(4)] for p in pictures]
    which = [
        next(j for j, w in enumerate(ws) if np.array_equal(w, m))
        for ws, m in zip(wanted, moved, strict=True)
    ]
    assert set(which) == set(range(8))


def test_reads_between_pixels_and_mirrors_beyond_the_edge():
    picture = np.array([0, 10, 20], np.uint8)[None, None, :, None].repeat(3, axis=1)  # (1, 3, 3, 1)
    row = np.array([[[[1.0, x] for x in (0.25, -1.0, 2.4)]] * 3])
    np.testing.assert_array_equal(
        warp.take(picture, tf.constant(row, tf.float32))[0, 0, :, 0], [2, 0, 20]
    )
    np.testing.assert_array_equal(
        warp.take(picture, tf.constant(row + [0, 1], tf.float32), True)[0, 0, :, 0], [10, 0, 20]
    )


def test_agrees_with_scipy():
    picture = _pictures(1, 12)
    places = warp.places(1, 12, SEED, shift=0.2, zoom=0.3, rotate=40.0, elastic=2.0)
    wanted = np.stack([ndimage.map_coordinates(picture[0, :, :, c].astype(float), np.moveaxis(places[0].numpy(), -1, 0),
                                               order=1, mode="reflect") for c in range(3)], -1)  # fmt: skip
    assert np.abs(warp.take(picture, places)[0].numpy() - wanted).max() < 0.51


def test_mask_moves_with_its_picture_and_gets_no_new_values():
    disc = (np.hypot(*np.mgrid[-32:32, -28:36]) < 14).astype(np.uint8)[None, :, :, None]
    places = warp.places(
        1, 64, SEED, flip=True, turn=True, shift=0.1, zoom=0.2, rotate=30.0, elastic=3.0
    )
    mask = warp.take(disc * 7, places, nearest=True).numpy()
    picture = warp.take(disc * 200, places).numpy()
    assert set(np.unique(mask)) == {0, 7}
    agree = (mask == 7) == (picture >= 100)
    assert agree.mean() > 0.995
    assert 0 < (mask == 7).sum() < mask.size / 2


def test_a_part_lies_anywhere_within_the_source():
    pictures = np.arange(9 * 9, dtype=np.int32).reshape(1, 9, 9, 1).repeat(200, axis=0)
    parts = warp.take(pictures, warp.places(200, 4, SEED, within=9)).numpy()
    assert parts.shape == (200, 4, 4, 1)
    corners = {tuple(np.argwhere(pictures[0, :, :, 0] == part[0, 0, 0])[0]) for part in parts}
    assert corners == {(y, x) for y in range(6) for x in range(6)}
    for part in parts[:20]:
        y, x = np.argwhere(pictures[0, :, :, 0] == part[0, 0, 0])[0]
        np.testing.assert_array_equal(part, pictures[0, y : y + 4, x : x + 4])


@pytest.mark.parametrize(
    "setting", [dict(shift=0.1), dict(zoom=0.2), dict(rotate=10.0), dict(elastic=2.0)]
)
def test_each_move_moves_and_follows_the_seed(setting):
    first, again, other = (
        warp.places(2, 16, tf.constant(s), **setting) for s in ([1, 1], [1, 1], [1, 2])
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1
    assert np.abs(first - warp.places(2, 16, SEED)).max() > 0.1


def test_inside_tf_data():
    data = tf.data.Dataset.from_tensors(_pictures(2)).map(
        lambda p: warp.take(p, warp.places(tf.shape(p)[0], 9, SEED, rotate=90.0, elastic=1.0))
    )
    assert data.element_spec.shape == (2, 9, 9, 3)
    assert next(iter(data)).dtype == tf.uint8
