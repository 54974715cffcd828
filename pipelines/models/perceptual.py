"""Distance of two pictures on features of a pretrained net: SRGAN's content loss and a measure.

Ledig et al. 2017 (arXiv:1609.04802, section 2.2.1) take VGG19; here it is EfficientNet-Lite0, whose
weights come as a package. Features are scaled to length one at each place, as in LPIPS (Zhang et
al. 2018, arXiv:1801.03924, eq. 1, all channels weighing the same).
"""

import keras
from keras import ops

from pipelines.models import Tensor, pretrained

LEVELS = ("block1a_", "block2b_", "block3b_")  # at strides of 2, 4 and 8 px


def features(name: str) -> keras.Model:
    """keras.Model: float pictures (B, H, W, 3) in [0, 255] -> a list of feature maps.

    Its weights are fixed. Raises PipelineError if they are not installed.
    """
    net = pretrained.efficientnet_lite0()
    outputs = [last(net, level) for level in LEVELS]
    model = keras.Model(net.input, outputs, name=name)
    model.trainable = False
    return model


def last(net: keras.Model, prefix: str) -> Tensor:
    """What the last layer gives whose name begins so."""
    return next(layer.output for layer in reversed(net.layers) if layer.name.startswith(prefix))


def scaled(pictures: Tensor) -> Tensor:
    """Pictures in [0, 1] -> as the net was trained: (255 x - 127) / 128."""
    return (pictures * 255 - 127) / 128


def distance(net: keras.Model, pictures: Tensor, others: Tensor) -> Tensor:
    """Mean over places and levels of the squared distance of unit features.

    pictures, others: (B, H, W, 3) in [0, 1] -> (B,).
    """
    ones = net(scaled(pictures), training=False)
    twos = net(scaled(others), training=False)
    found = 0.0
    for a, b in zip(ones, twos, strict=True):
        found = found + ops.mean(ops.sum(ops.square(_unit(a) - _unit(b)), -1), (1, 2))
    return found / len(LEVELS)


def _unit(x: Tensor) -> Tensor:
    return x / ops.sqrt(ops.sum(ops.square(x), -1, keepdims=True) + 1e-8)
