import json

import keras
import numpy as np
import pytest

from pipelines import catalog
from pipelines.errors import PipelineError
from pipelines.models import backbones, compact

RESNET = dict(
    input_conv_filters=[64],
    input_conv_kernel_sizes=[3],
    stackwise_num_filters=[64, 16],
    stackwise_num_blocks=[1, 1],
    stackwise_num_strides=[1, 2],
    block_type="basic_block",
)
EFFICIENT = dict(
    stackwise_width_coefficients=[1.0],
    stackwise_depth_coefficients=[1.0],
    stackwise_kernel_sizes=[3],
    stackwise_num_repeats=[1],
    stackwise_input_filters=[8],
    stackwise_output_filters=[8],
    stackwise_expansion_ratios=[1],
    stackwise_squeeze_and_excite_ratios=[0.25],
    stackwise_strides=[1],
    stackwise_block_types=["v1"],
)
VIT = dict(patch_size=[8, 8], num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=8)


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """A KerasHub backbone for 32 px, saved: (folder, backbone)."""
    import keras_hub

    folder = tmp_path_factory.mktemp("preset")
    net = keras_hub.models.ResNetBackbone(**RESNET, image_shape=(32, 32, 3))
    net.save_to_preset(str(folder))
    return folder, net


def built(name, side, arguments=None):
    pictures = keras.Input((side, side, 3), dtype="uint8", name="image")
    return keras.Model(pictures, backbones.features(name, pictures, json.dumps(arguments or {})))


def noise(side, count=2):
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)


@pytest.mark.parametrize(
    ("name", "side", "arguments", "shape", "parameters"),
    [
        ("auto", 64, None, (16, 16, 128), 308_704),
        ("auto", 65, None, (3, 3, 576), 939_120),
        ("compact", 30, None, (8, 8, 128), 308_704),
        # Stem 27 * 8; blocks 2 * 9 * 8 * 8, 9 * 8 * 16 + 9 * 16 * 16 + 8 * 16, likewise for 32;
        # norms 4 a channel.
        (
            "compact_8",
            16,
            None,
            (4, 4, 32),
            216 + 1152 + 3584 + 14336 + 4 * (8 * 3 + 16 * 3 + 32 * 3),
        ),
        ("MobileNetV3Small", 64, None, (2, 2, 576), 939_120),
        ("mobilenet_v3_small", 64, None, (2, 2, 576), 939_120),
        ("ResNetBackbone", 32, RESNET, (4, 4, 16), 88_960),
        (
            "EfficientNetBackbone",
            32,
            EFFICIENT,
            (16, 16, 1280),
            216 + 72 + 42 + 64 + 10240 + 4 * (3 * 8 + 1280),
        ),
        (
            "ViTBackbone",
            32,
            VIT,
            (17, 1, 8),
            1544 + 8 + 136 + 288 + 144 + 3 * 16,
        ),  # 16 tokens and the class's
    ],
)
def test_each_kind_of_name(name, side, arguments, shape, parameters):
    net = built(name, side, arguments)
    assert net.output_shape == (None, *shape)
    assert net.count_params() == parameters
    features = keras.ops.convert_to_numpy(net(noise(side)))
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_a_saved_preset_comes_with_its_weights_and_range(preset):
    folder, net = preset
    pictures = noise(32)
    wanted = net(pictures / np.float32(255))
    np.testing.assert_allclose(built(f"hub:{folder}", 32)(pictures), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["compact_8", "MobileNetV3Small"])
def test_a_net_of_ours_sees_minus_one_to_one(name):
    net = built(name, 64)
    rescaled = keras.Model(net.input, net.get_layer("rescale").output)
    assert rescaled(np.array([[[[0, 51, 255]] * 64] * 64], np.uint8))[
        0, 0, 0
    ].numpy().tolist() == pytest.approx([-1, -0.6, 1])


@pytest.mark.parametrize(
    ("name", "arguments"), [("MobileNetV3Small", None), ("ResNetBackbone", RESNET)]
)
def test_batch_statistics_follow_a_short_training(name, arguments):
    norms = [
        n
        for n in built(name, 64, arguments)._flatten_layers()
        if isinstance(n, keras.layers.BatchNormalization)
    ]
    assert norms
    assert {norm.momentum for norm in norms} == {backbones.MOMENTUM}


@pytest.mark.parametrize(
    ("name", "side", "message"),
    [
        ("compakt", 32, "unknown backbone 'compakt'. Did you mean 'compact'?"),
        ("compact_x", 32, "unknown backbone 'compact_x'. Did you mean 'compact'?"),
        ("compact_0", 32, "unknown backbone 'compact_0'"),
        (
            "MobilNetV3Small",
            64,
            "unknown backbone 'MobilNetV3Small'. Did you mean 'MobileNetV3Small'?",
        ),
        (
            "RestNetBackbone",
            32,
            "unknown backbone 'RestNetBackbone'. Did you mean 'ResNetBackbone'?",
        ),
        ("ResNetBackbon", 32, "unknown backbone 'ResNetBackbon'. Did you mean 'ResNetBackbone'?"),
        ("MobileNetV3Small", 16, "does not take 16 px"),
        ("hub:", 32, "KerasHub preset ''"),
        ("hub:/no/such/folder", 32, "KerasHub preset '/no/such/folder' cannot be had here"),
        ("hub:no_such_preset", 32, "KerasHub preset 'no_such_preset' cannot be had here"),
    ],
)
def test_a_name_that_will_not_do_is_one_line(name, side, message):
    with pytest.raises(PipelineError) as raised:
        built(name, side)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("ResNetBackbone", "{", "backbone_arguments must be a JSON object; got '{'"),
        ("ResNetBackbone", "[1]", "backbone_arguments must be a JSON object; got '[1]'"),
        ("ResNetBackbone", "{}", "missing 6 required positional arguments: 'input_conv_filters'"),
        ("ResNetBackbone", json.dumps(RESNET | {"stackwise_num_filters": [8, 16]}), "must be 64"),
        (
            "ResNetBackbone",
            json.dumps(RESNET | {"block_tipe": "x"}),
            "no argument 'block_tipe'. Did you mean 'block_type'?",
        ),
        (
            "ViTBackbone",
            json.dumps(VIT | {"patch_size": "x"}),
            "backbone ViTBackbone does not take",
        ),
        (
            "BertBackbone",
            (
                '{"vocabulary_size": 8, "num_layers": 1, "num_heads": 1, "hidden_dim": 8,'
                ' "intermediate_dim": 8}'
            ),
            "backbone BertBackbone does not take",
        ),
    ],
)
def test_arguments_that_will_not_do_are_one_line(name, text, message):
    with pytest.raises(PipelineError) as raised:
        backbones.features(name, keras.Input((32, 32, 3), dtype="uint8"), text)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_preset_of_another_size_is_one_line(preset):
    with pytest.raises(PipelineError, match="does not take 48 px") as raised:
        built(f"hub:{preset[0]}", 48)
    assert "\n" not in str(raised.value)


def test_a_preset_that_its_host_does_not_give_is_one_line(monkeypatch):
    import keras_hub

    def offline(*_, **__):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(keras_hub.models.Backbone, "from_preset", offline)
    with pytest.raises(
        PipelineError, match="'resnet_18_imagenet' cannot be had here \\(ConnectionError\\)"
    ):
        built("hub:resnet_18_imagenet", 32)


@pytest.mark.parametrize(
    ("name", "scale", "offset", "is_reversed"),
    [
        ("MobileNetV2", [1 / 127.5] * 3, [-1, -1, -1], False),
        ("ResNet50", [1, 1, 1], [-123.68, -116.779, -103.939], True),
        (
            "DenseNet121",
            [1 / 58.395, 1 / 57.12, 1 / 57.375],
            [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
            False,
        ),
        ("EfficientNetV2B0", [1, 1, 1], [0, 0, 0], False),  # scales by itself
    ],
)
def test_nets_with_imagenet_weights_get_the_input_they_were_trained_with(
    name, scale, offset, is_reversed
):
    found = backbones.input_of(getattr(keras.applications, name))
    np.testing.assert_allclose(found[0], scale, rtol=1e-4)
    np.testing.assert_allclose(found[1], offset, rtol=1e-4)
    assert found[2] == is_reversed


def test_the_scaling_is_inside_the_model(monkeypatch):
    asked, original = [], keras.applications.ResNet50

    def without_download(weights, **arguments):
        asked.append(weights)
        return original(weights=None, **arguments)

    without_download.__module__ = original.__module__  # where the scaling is looked up
    monkeypatch.setattr(keras.applications, "ResNet50", without_download)
    net = built("imagenet:resnet50", 32)
    pictures = noise(32)
    inner = next(layer for layer in net.layers if isinstance(layer, keras.Model))
    wanted = inner(keras.applications.resnet50.preprocess_input(pictures.astype("float32")))
    np.testing.assert_allclose(net(pictures), wanted, rtol=1e-3, atol=1e-4)
    assert asked == ["imagenet"]
    assert not getattr(inner, "fresh", False)


def test_imagenet_weights_that_cannot_be_downloaded_are_one_line(monkeypatch):
    def offline(**_):
        raise Exception("URL fetch failure on somewhere:\nNone")

    monkeypatch.setattr(keras.applications, "MobileNetV2", offline)
    with pytest.raises(
        PipelineError, match="weights of MobileNetV2 cannot be had here .* try with a network"
    ) as raised:
        built("imagenet:mobilenet_v2", 32)
    assert "\n" not in str(raised.value)
    with pytest.raises(
        PipelineError, match="unknown net 'mobilenet_v22' of keras.applications. Did you mean"
    ):
        built("imagenet:mobilenet_v22", 32)


@pytest.mark.parametrize(
    ("backbone", "arguments"),
    [("compact_8", "{}"), ("ViTBackbone", json.dumps(VIT)), ("MobileNetV3Small", "{}")],
)
def test_the_classifier_takes_each_and_gives_logits(backbone, arguments):
    method = catalog.method("scratch")
    config = method.Config(
        labels=("a", "b", "c"),
        image_size=32,
        backbone=backbone,
        backbone_arguments=arguments,
        steps_per_epoch=1,
    )
    net = method.model(config)
    assert net({"image": noise(32)}).shape == (2, 3)
    probabilities = method.decode(net({"image": noise(32)}), config)["probabilities"]
    np.testing.assert_allclose(keras.ops.sum(probabilities, -1), 1, rtol=1e-5)


def test_a_narrow_net_has_gradients():
    # With a strided 1x1 convolution of 8 channels TensorFlow 2.21 corrupts its memory here, and
    # dies.
    net = built("compact_8", 64)
    net.compile("sgd", "mse")
    assert np.isfinite(net.train_on_batch(noise(64, 4), np.zeros((4, 16, 16, 32), "float32")))


def test_a_shortcut_takes_every_other_pixel_as_a_strided_convolution_does():
    x = keras.Input((7, 7, 8))
    net = keras.Model(x, compact._residual(x, 16, 2, "block"))
    kernel = net.get_layer("block_shortcut").kernel
    pictures = np.random.default_rng(0).normal(size=(2, 7, 7, 8)).astype("float32")
    upto = keras.Model(x, net.get_layer("block_shortcut").output)
    wanted = keras.ops.conv(pictures, kernel, strides=2, padding="same")
    np.testing.assert_allclose(upto(pictures), wanted, rtol=1e-4, atol=1e-5)
