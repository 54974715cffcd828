"""Boxes go where their pixels go: pictures are black but for painted boxes, which are found again after the change."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.edge import pictures
from pipelines.ops import images, scenes

SIDE = 64


def painted(count, seed=0):
    """Pictures with one bright box each: uint8 (B, 64, 64, 3), boxes (B, 2, 4), the second empty, extra (B, 2, 1)."""
    rng = np.random.default_rng(seed)
    pixels, boxes = np.zeros((count, SIDE, SIDE, 3), np.uint8), np.zeros((count, 2, 4), np.float32)
    for i in range(count):
        ymin, xmin = rng.integers(4, 32, 2)
        ymax, xmax = ymin + rng.integers(8, 24), xmin + rng.integers(8, 24)
        pixels[i, ymin:ymax, xmin:xmax] = 255
        boxes[i, 0] = np.array([ymin, xmin, ymax, xmax]) / SIDE
    extra = np.stack([np.arange(count), np.full(count, -1)], 1)[..., None].astype(np.int32)
    return tf.constant(pixels), tf.constant(boxes), tf.constant(extra)


def bright(picture):
    """The box around what is bright, in pixels."""
    rows, columns = np.nonzero(picture[..., 0] > 127)
    return np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1])


WHOLE = tf.tile([[0, 0, SIDE, SIDE]], [6, 1])
PLAIN = dict(least_visible=0.2, capacity=8)


@pytest.mark.parametrize("axis", [1, 2])
def test_flips_move_boxes_with_their_pixels(axis):
    pixels, boxes, _ = painted(16)
    turned, moved = scenes.flip(pixels, boxes, (1, 2), axis)
    changed = [
        not np.array_equal(a, b) for a, b in zip(pixels.numpy(), turned.numpy(), strict=True)
    ]
    assert 0 < sum(changed) < 16
    for picture, box in zip(turned.numpy(), moved.numpy(), strict=True):
        assert box[0] * SIDE == pytest.approx(bright(picture), abs=1e-4)
        assert (box[1] == 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_scale_and_shift_move_boxes_with_their_pixels(seed):
    pixels, boxes, extra = painted(6, seed)
    moved, found, label = scenes.mosaic(
        pixels, boxes, extra, WHOLE, (seed, 7), share=0.0, scale=0.4, **PLAIN
    )
    assert found.shape == (6, 8, 4)
    sizes = set()
    for i, (picture, box) in enumerate(zip(moved.numpy(), found.numpy(), strict=True)):
        if (box[0] == 0).all():
            continue
        assert label[i, 0, 0] == i
        assert (box[1:] == 0).all()
        assert box[0] * SIDE == pytest.approx(bright(picture), abs=1.01)
        sizes.add(round(float(box[0, 2] - box[0, 0]) / float(boxes[i, 0, 2] - boxes[i, 0, 0]), 2))
    assert len(sizes) > 2


@pytest.mark.parametrize("seed", range(4))
def test_a_mosaic_keeps_every_box_on_its_pixels(seed):
    pixels, boxes, extra = painted(6, seed)
    sheet, found, label = scenes.mosaic(
        pixels, boxes, extra, WHOLE, (seed, 9), share=1.0, scale=0.3, **PLAIN
    )
    several = 0
    for picture, box, names in zip(sheet.numpy(), found.numpy(), label.numpy(), strict=True):
        real = (box[:, 2:] > box[:, :2]).all(1)
        several += real.sum() > 1
        assert len(set(names[real, 0])) == real.sum()  # four different pictures
        covered = np.zeros((SIDE, SIDE), bool)
        for ymin, xmin, ymax, xmax in np.round(box[real] * SIDE).astype(int):
            inner = picture[ymin + 1 : ymax - 1, xmin + 1 : xmax - 1, 0]
            assert inner.size == 0 or inner.mean() > 230
            covered[max(0, ymin - 1) : ymax + 1, max(0, xmin - 1) : xmax + 1] = True
        # What is bright beyond the boxes is the rest of boxes that were cut away: thin.
        assert (picture[..., 0][~covered] > 200).mean() < 0.05
    assert several > 2


def test_a_box_that_is_cut_too_much_is_dropped():
    pixels, boxes, extra = painted(6)
    args = (pixels, boxes, extra, WHOLE, (3, 3))
    kept = [
        int(
            (scenes.mosaic(*args, share=1.0, scale=0.0, least_visible=v, capacity=8)[1][..., 2] > 0)
            .numpy()
            .sum()
        )
        for v in (0.0, 0.5, 1.0)
    ]
    assert kept[0] > kept[1] > kept[2] > 0


def test_mixup_shows_the_boxes_of_both():
    pixels, boxes, extra = painted(4)
    blend, found, label = scenes.mixup(pixels, boxes, extra, (0, 0), 1.0, 4)
    assert (found[..., 2] > 0).numpy().sum(1).tolist() == [2] * 4
    assert label[:, :2, 0].numpy().tolist() == [[0, 3], [1, 0], [2, 1], [3, 2]]
    assert set(np.unique(blend.numpy())) <= {0, 128, 255}


def test_the_order_stays_and_gaps_close():
    boxes = np.zeros((1, 4, 4), np.float32)
    boxes[0, [1, 3], 2:] = 1
    found, extra = scenes.compact(tf.constant(boxes), tf.constant([[[10], [11], [12], [13]]]), 3)
    assert extra[0, :2, 0].numpy().tolist() == [11, 13]
    assert found.shape == (1, 3, 4)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from([32, 45, 64]), st.integers(0, 99))
def test_the_letterbox_is_that_of_the_device(height, width, size, seed):
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    square, content = images.letterbox(tf.constant(picture), size)
    wanted, placement = pictures.resize(picture, size, "letterbox")
    assert np.abs(square.numpy().astype(int) - wanted).max() <= 1
    boxes = np.array([[0.0, 0, 1, 1], [0.25, 0.5, 0.75, 1]])
    low, high = content.numpy()[:2], content.numpy()[2:]
    there = boxes * np.tile(high - low, 2) + np.tile(low, 2)
    assert placement.back(there) == pytest.approx(boxes * np.tile([height, width], 2), abs=1e-3)
