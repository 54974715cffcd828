"""Sliding windows: places and sizes, the sheet of a pyramid, and what the net sees of it."""

import keras
import numpy as np
import pytest

from pipelines import catalog
from pipelines.models import window_classifier
from pipelines.ops import windows


def test_windows_grow_by_a_third_of_an_octave_within_limits():
    # A square window of 4 cells: 0.25 of 16 cells, 0.5 of 8, and 12.7 and 10.08 between them.
    assert windows.sides(64, 0.25, 0.5) == [16, 13, 10, 8]
    assert windows.sides(64, 0.25, 0.25) == [16]
    assert windows.sides(64, 0.001, 0.001) == [16]  # no picture is enlarged to more than 128 px
    assert windows.sides(64, 1.0, 1.0) == [4]


def test_each_window_has_its_place():
    made = windows.boxes([5, 4])
    # 2 x 2 squares, 3 x 1 flat ones, 1 x 3 tall ones; the smaller picture has room for a square.
    assert len(made) == 4 + 3 + 3 + 1
    assert made[3] == pytest.approx([0.2, 0.2, 1, 1])
    assert made[5] == pytest.approx([0.2, 0, 0.8, 1])
    assert made[9] == pytest.approx([0, 0.4, 1, 1])
    assert made[10] == pytest.approx([0, 0, 1, 1])


def test_a_sheet_has_no_picture_twice_and_no_row_too_wide():
    pyramid = [40, 32, 25, 20, 16, 13, 10, 8, 6, 5, 4]
    rows = windows.shelves(pyramid)
    assert sorted(place for row in rows for place in row) == list(range(len(pyramid)))
    for row in rows:
        assert sum(pyramid[place] for place in row) + windows.GAP * (len(row) - 1) <= 40
    assert len(rows) < 7


def test_a_picture_comes_back_from_the_sheet():
    pyramid = [10, 8, 4, 4]
    rng, stride = np.random.default_rng(0), windows.STRIDE
    levels = [rng.normal(size=(1, n * stride, n * stride, 3)).astype("float32") for n in pyramid]
    rows = windows.shelves(pyramid)
    sheet = window_classifier._sheet(list(map(keras.ops.convert_to_tensor, levels)), pyramid, rows)
    cells = keras.ops.average_pool(sheet, stride, stride)
    found = window_classifier._cut(cells, pyramid, rows)
    for level, cut in zip(levels, found, strict=True):
        wanted = keras.ops.average_pool(level, stride, stride)
        assert np.asarray(cut) == pytest.approx(np.asarray(wanted), abs=1e-6)


def test_the_order_of_logits_is_that_of_windows(monkeypatch):
    """A net that passes colours on gives each window its mean colour."""
    monkeypatch.setattr(window_classifier, "_trunk", _shrunk)
    monkeypatch.setattr(window_classifier, "_judged", lambda x, width, classes: x)
    picture = np.random.default_rng(1).integers(0, 256, (1, 64, 64, 3)).astype("uint8")
    given = keras.Input((64, 64, 3), dtype="uint8")
    net = keras.Model(given, window_classifier.logits(given, [8, 5], 1, 3))
    found, boxes = np.asarray(net(picture))[0], windows.boxes([8, 5])
    assert found.shape == (len(boxes), 3)
    for i in range(windows.boxes([8]).shape[0]):  # the picture as it is
        top, left, bottom, right = np.round(boxes[i] * 64).astype(int)
        wanted = picture[0, top:bottom, left:right].mean((0, 1)) / 127.5 - 1
        assert found[i] == pytest.approx(wanted, abs=1e-4)


def _shrunk(sheet, width):
    return keras.layers.AveragePooling2D(windows.STRIDE)(sheet)


def test_a_window_is_the_box_of_what_it_shows():
    method = catalog.method("sliding_window")
    config = method.Config(
        image_size=64, max_detections=5, smallest_box=0.25, largest_box=0.5, labels=("a", "b")
    )
    boxes = windows.boxes([16, 13, 10, 8])
    logits = np.tile(np.float32([20, 0, 0]), (2, len(boxes), 1))
    logits[0, 7], logits[1, 300] = (0, 0, 20), (0, 20, 0)
    found = method.decode({"classes": logits}, config)
    assert np.asarray(found["count"]).tolist() == [1, 1]
    assert np.asarray(found["classes"])[:, 0].tolist() == [1, 0]
    assert np.asarray(found["boxes"])[:, 0] == pytest.approx(boxes[[7, 300]])
