"""Bicubic resizing beside values worked out by hand, and beside Pillow's."""

import numpy as np
import pytest
from PIL import Image

from pipelines.models import super_resolution
from pipelines.ops import bicubic

# Keys's kernel at 0.25, 0.75, 1.25 and 1.75.
NEAR, NEXT, FAR, FARTHEST = 0.8671875, 0.2265625, -0.0703125, -0.0234375


def test_weights_of_an_enlargement_by_two():
    row = bicubic.matrix(8, 16)[6]  # the new pixel's centre lies at 2.75
    np.testing.assert_allclose(row[1:5], [FARTHEST, NEXT, NEAR, FAR], atol=1e-7)
    assert np.count_nonzero(row) == 4


def test_a_reduction_widens_the_kernel():
    row = bicubic.matrix(16, 8)[4]  # the new pixel's centre lies at 8.5
    taps = [FARTHEST, FAR, NEXT, NEAR, NEAR, NEXT, FAR, FARTHEST]
    np.testing.assert_allclose(row[5:13], np.array(taps) / 2, atol=1e-7)


def test_the_edge_pixel_is_its_own_neighbour():
    row = bicubic.matrix(4, 8)[0]  # centre at -0.25: taps -2, -1, 0, 1 are the pixels 1, 0, 0, 1
    np.testing.assert_allclose(row, [NEAR + NEXT, FAR + FARTHEST, 0, 0], atol=1e-7)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_it_agrees_with_pillow_away_from_the_edges(scale):
    picture = np.random.default_rng(0).integers(0, 256, (24 * scale, 30 * scale, 3), np.uint8)
    theirs = np.asarray(Image.fromarray(picture).resize((30, 24), Image.Resampling.BICUBIC)).astype(
        float
    )
    ours = np.clip(np.round(bicubic.resize(picture, 24, 30)), 0, 255)
    assert np.abs(ours - theirs)[3:-3, 3:-3].max() <= 1


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_layer_is_the_same_enlargement(scale):
    picture = np.random.default_rng(1).random((9, 7, 3)).astype(np.float32)
    found = np.asarray(super_resolution.Bicubic(scale)(picture[None]))[0]
    np.testing.assert_allclose(found, bicubic.resize(picture, 9 * scale, 7 * scale), atol=1e-5)


def test_pixel_shuffle_puts_channels_side_by_side():
    x = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 4)
    found = np.asarray(super_resolution.PixelShuffle(2)(x))[0, :, :, 0]
    np.testing.assert_array_equal(found, [[0, 1, 4, 5], [2, 3, 6, 7]])
