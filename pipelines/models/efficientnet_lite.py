"""EfficientNet-Lite0: EfficientNet-B0 without squeeze and excitation, with ReLU6.

Tan & Le 2019, arXiv:1905.11946;
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite.
Built with KerasHub's layers. Blocks that halve the picture pad as TensorFlow does, which the
weights were trained with.
"""

from collections.abc import Mapping

import keras
import keras_hub
import numpy as np
from keras import layers

from pipelines.models import Tensor

REPEATS = (1, 2, 2, 3, 3, 4, 1)
MOMENTUM = 0.99  # of batch statistics, as in the original


def backbone() -> keras.Model:
    """KerasHub backbone with random weights: (B, S, S, 3) -> (B, S/32, S/32, 1280).

    It takes pictures as `scaled` gives them.
    """
    return keras_hub.models.EfficientNetBackbone(
        stackwise_kernel_sizes=[3, 3, 5, 3, 5, 5, 3],
        stackwise_num_repeats=list(REPEATS),
        stackwise_input_filters=[32, 16, 24, 40, 80, 112, 192],
        stackwise_output_filters=[16, 24, 40, 80, 112, 192, 320],
        stackwise_expansion_ratios=[1, 6, 6, 6, 6, 6, 6],
        stackwise_strides=[1, 2, 2, 2, 1, 2, 1],
        stackwise_squeeze_and_excite_ratios=[0.0] * 7,
        stackwise_width_coefficients=[1.0] * 7,
        stackwise_depth_coefficients=[1.0] * 7,
        # Unfused ones pad as TensorFlow does; in the first both agree.
        stackwise_block_types=["v1", *["unfused"] * 6],
        min_depth=None,
        use_depth_divisor_as_min_depth=True,
        cap_round_filter_decrease=True,
        include_stem_padding=False,
        stem_conv_padding="same",
        activation="relu6",
        dropout=0.0,
        batch_norm_momentum=MOMENTUM,
        batch_norm_epsilon=1e-3,
        input_shape=(None, None, 3),
        name="efficientnet_lite0",
    )


def scaled(pictures: Tensor) -> Tensor:
    """Float pictures in [0, 255] -> as the net was trained: (x - 127) / 128."""
    return layers.Rescaling(1 / 128, offset=-127 / 128, name="rescale")(pictures)


def assign(net: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Puts `weights`, {PyTorch name: array}, into a `backbone`.

    Raises KeyError or ValueError if they do not fit.
    """

    def convolution(layer: keras.Layer, name: str) -> None:
        layer.kernel.assign(weights[f"{name}.weight"].transpose(2, 3, 1, 0))

    def depthwise(layer: keras.Layer, name: str) -> None:
        layer.kernel.assign(weights[f"{name}.weight"].transpose(2, 3, 0, 1))

    def norm(layer: keras.Layer, name: str) -> None:
        layer.gamma.assign(weights[f"{name}.weight"])
        layer.beta.assign(weights[f"{name}.bias"])
        layer.moving_mean.assign(weights[f"{name}.running_mean"])
        layer.moving_variance.assign(weights[f"{name}.running_var"])

    convolution(net.get_layer("stem_conv"), "_conv_stem")
    norm(net.get_layer("stem_bn"), "_bn0")
    names = []
    for stage, repeats in enumerate(REPEATS, 1):
        names += [f"block{stage}{letter}_" for letter in "abcd"[:repeats]]
    for i, name in enumerate(names):
        theirs = f"_blocks.{i}."
        if i == 0:  # its expansion of 1 is left out
            depthwise(net.get_layer(f"{name}dwconv"), f"{theirs}_depthwise_conv")
            norm(net.get_layer(f"{name}dwconv_bn"), f"{theirs}_bn1")
            convolution(net.get_layer(f"{name}project"), f"{theirs}_project_conv")
            norm(net.get_layer(f"{name}project_bn"), f"{theirs}_bn2")
            continue
        block = net.get_layer(name)
        convolution(block.conv1, f"{theirs}_expand_conv")
        norm(block.bn1, f"{theirs}_bn0")
        depthwise(block.depthwise, f"{theirs}_depthwise_conv")
        norm(block.bn2, f"{theirs}_bn1")
        convolution(block.output_conv, f"{theirs}_project_conv")
        norm(block.bn3, f"{theirs}_bn2")
    convolution(net.get_layer("top_conv"), "_conv_head")
    norm(net.get_layer("top_bn"), "_bn1")
