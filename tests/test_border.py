import numpy as np
import pytest

from pipelines.ops import border


def test_worked_out_by_hand():
    mask = np.array([[1, 0, 0, 0, 1]], np.uint8)
    weights = border.border_weights(mask, strength=10, sigma=2)
    near = 1 + 10 * np.exp(-16 / 8)  # distances 1 and 3, 2 and 2, 3 and 1: each sums to 4
    np.testing.assert_allclose(weights, [[1, near, near, near, 1]], rtol=1e-6)


def test_one_object_has_no_border_and_ignored_pixels_are_none():
    np.testing.assert_array_equal(
        border.border_weights(np.array([[1, 0, 0, 255]], np.uint8), 10, 5), np.ones((1, 4))
    )
    np.testing.assert_array_equal(
        border.border_weights(np.zeros((2, 3), np.uint8), 10, 5), np.ones((2, 3))
    )


def test_the_two_nearest_of_three():
    mask = np.zeros((1, 12), np.uint8)
    mask[0, [0, 4, 11]] = 1, 2, 1
    weights = border.border_weights(mask, strength=1, sigma=3)
    distances = np.sort(np.abs(np.arange(12)[:, None] - [0, 4, 11]), axis=1)[:, :2].sum(1)
    wanted = np.where(mask[0] == 0, 1 + np.exp(-(distances**2) / 18), 1)
    assert weights[0] == pytest.approx(wanted)
