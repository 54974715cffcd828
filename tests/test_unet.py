import keras
import numpy as np
import pytest

from pipelines.errors import PipelineError
from pipelines.models import backbones, unet


def _net(side, depth, width=2, **how):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((side, side, 3))
    return keras.Model(inputs, unet.unet(inputs, width, depth, **how)[0])


@pytest.mark.parametrize(("side", "depth"), [(16, 1), (32, 2), (56, 3), (112, 4), (128, 4)])
def test_unpadded_gives_as_much_as_it_takes(side, depth):
    net = _net(side, depth, unpadded=True)
    assert net.output.shape == (None, side, side, 2)
    assert side >= unet.smallest(depth)


def test_unpadded_has_the_sizes_of_the_paper():
    """Figure 1 of the paper: 572 in, 388 out, 28 at the bottom; 388 wanted here makes the same net inside."""
    sizes = {layer.name: layer.output.shape[1] for layer in _net(384, 4, 1, unpadded=True).layers}
    wanted = {
        "down0_relu2": 568,
        "pool0": 284,
        "down3_relu2": 64,
        "bottom_relu2": 28,
        "up3": 56,
        "merge0_relu2": 388,
    }
    assert {name: sizes[name] for name in wanted} == wanted


@pytest.mark.parametrize(("depth", "sees"), [(1, 8), (2, 20)])
def test_a_pixel_depends_on_its_context_and_no_more(depth, sees):
    assert unet.context(depth) == sees
    net, side = _net(64, depth, 3), 64
    picture = np.random.default_rng(0).normal(size=(1, side, side, 3)).astype(np.float32)
    other = picture.copy()
    other[0, 32, 32] += 5
    changed = np.abs(net.predict_on_batch(picture) - net.predict_on_batch(other)).max((0, 3)) > 1e-7
    rows, columns = np.nonzero(changed)
    reach = max(np.abs(rows - 32).max(), np.abs(columns - 32).max())
    assert sees - 2**depth < reach <= sees + 2**depth


@pytest.mark.parametrize("patch", [2, 4])
def test_a_patch_makes_the_net_coarse_and_its_answer_fine(patch):
    inputs = keras.Input((32, 32, 3))
    x = unet.patches(inputs, 5, patch)
    assert x.shape == (None, 32 // patch, 32 // patch, 5)
    net = keras.Model(inputs, unet.logits(x, 2, patch))
    assert net.output.shape == (None, 32, 32, 2)
    kernel = np.random.default_rng(0).normal(size=(patch, patch, 2, 5)).astype(np.float32)
    first, last = net.layers[1], net.layers[2]
    last.set_weights([kernel, np.zeros(2)])
    picture = np.random.default_rng(1).normal(size=(1, 32, 32, 3)).astype(np.float32)
    cell = first(picture)[
        0, 3, 1
    ].numpy()  # each pixel of a square has its own weights of the square's features
    found = net.predict_on_batch(picture)[0, 3 * patch : 4 * patch, patch : 2 * patch]
    np.testing.assert_allclose(found, kernel @ cell, atol=1e-5)


def test_padded_equals_unpadded_far_from_the_edge():
    padded, unpadded = _net(64, 1, 3), _net(64, 1, 3, unpadded=True)
    unpadded.set_weights(padded.get_weights())
    picture = np.random.default_rng(0).normal(size=(1, 64, 64, 3)).astype(np.float32)
    gap = np.abs(padded.predict_on_batch(picture) - unpadded.predict_on_batch(picture))[
        0, 10:-10, 10:-10
    ]
    assert gap.max() < 1e-5


def test_parameters_by_hand():
    # two 3x3 of 3->2, 2->2; bottom 2->4, 4->4; up 4->2 with bias; merge 4->2, 2->2; normalisation:
    # 4 a channel
    convolutions = 9 * (3 * 2 + 2 * 2 + 2 * 4 + 4 * 4 + 4 * 2 + 2 * 2) + 4 * (4 * 2) + 2
    assert _net(16, 1).count_params() == convolutions + 4 * (2 + 2 + 4 + 4 + 2 + 2)


def test_on_a_backbone():
    pictures = keras.Input((64, 64, 3), dtype="uint8")
    levels = backbones.pyramid("MobileNetV3Small", pictures, [2, 4, 8, 16, 32])
    assert [level.shape[1] for level in levels] == [32, 16, 8, 4, 2]
    x = keras.layers.Rescaling(1 / 255)(pictures)
    net = keras.Model(pictures, unet.on_pyramid(x, levels, 4)[0])
    assert net.output.shape == (None, 64, 64, 4)
    backbone = next(layer for layer in net.layers if layer.name == "pyramid")
    assert len(backbone.trainable_variables) > 100  # the encoder's weights are the net's own
    assert unet.on_pyramid(None, levels, 4, patch=4)[0].shape == (None, 16, 16, 16)


def test_a_backbone_without_a_stride_says_so():
    with pytest.raises(
        PipelineError, match="backbone compact has no features at stride 8 of 64 px"
    ):
        backbones.pyramid("compact", keras.Input((64, 64, 3), dtype="uint8"), [2, 4, 8])
