"""Overlaps, sides and cells against values worked out by hand, and against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from keras import ops

from pipelines.ops import boxes


def array(value):
    return ops.convert_to_numpy(value)


some = hnp.arrays(np.float32, (3, 4), elements=st.integers(0, 16).map(float))


def test_iou_of_boxes_worked_out_by_hand():
    a = np.array([[0, 0, 2, 2], [0, 0, 0, 0]], np.float32)
    b = np.array([[0, 1, 2, 3], [0, 0, 2, 2], [5, 5, 6, 6], [0, 0, 1, 1]], np.float32)
    assert array(boxes.iou(a, b)) == pytest.approx(
        np.array([[1 / 3, 1, 0, 1 / 4], [0, 0, 0, 0]]), abs=1e-6
    )


@settings(max_examples=30, deadline=None)
@given(some, some)
def test_iou_counts_the_cells_of_a_grid(a, b):
    def cells(box):
        grid = np.zeros((16, 16), bool)
        ymin, xmin, ymax, xmax = box.astype(int)
        grid[ymin:ymax, xmin:xmax] = True
        return grid

    wanted = [
        [(cells(x) & cells(y)).sum() / max(1, (cells(x) | cells(y)).sum()) for y in b] for x in a
    ]
    assert array(boxes.iou(a, b)) == pytest.approx(np.array(wanted), abs=1e-5)


def test_ciou_worked_out_by_hand():
    a, b = np.array([[0.0, 0, 2, 2]], np.float32), np.array([[0.0, 1, 2, 3]], np.float32)
    # IoU 1/3; centres 1 apart, diagonal of the box around both squared 2^2 + 3^2; equal ratios.
    assert array(boxes.ciou(a, b)) == pytest.approx([1 / 3 - 1 / 13], abs=1e-5)
    wide = np.array([[0.0, 0, 1, 2]], np.float32)
    v = 4 / np.pi**2 * (np.arctan(1) - np.arctan(2)) ** 2
    weight = v / (1 - 0.5 + v)
    assert array(boxes.ciou(a, wide)) == pytest.approx([0.5 - 0.25 / 8 - weight * v], abs=1e-5)
    assert array(boxes.ciou(a, a)) == pytest.approx([1], abs=1e-5)


def test_cells_lie_in_the_middle_of_their_squares():
    points, strides = boxes.anchor_points(32, (8, 16))
    assert len(points) == 16 + 4
    assert points[:5].tolist() == [[4, 4], [4, 12], [4, 20], [4, 28], [12, 4]]
    assert points[16:].tolist() == [[8, 8], [8, 24], [24, 8], [24, 24]]
    assert strides.tolist() == [8.0] * 16 + [16.0] * 4


def test_sides_are_the_mean_of_their_distribution():
    logits = np.full((1, 1, 16), -30, np.float32)  # four bins a side
    for side, bins in enumerate(([0], [1], [2, 3], [3])):
        for b in bins:
            logits[0, 0, 4 * side + b] = 30
    box = boxes.from_sides(
        logits, np.array([[40.0, 40.0]], np.float32), np.array([8.0], np.float32)
    )
    assert array(box) == pytest.approx(np.array([[[40, 32, 60, 64]]]), abs=1e-3)
