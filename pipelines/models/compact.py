"""A compact residual network for small pictures: stages at full, half and quarter size.

Residual blocks as in He et al. 2016 (arXiv:1512.03385, section 3.3, option B), with batch
normalisation after each convolution; deviations: no max pooling, 3x3 stem, widths as given.
"""

from keras import layers

from pipelines.models import Tensor

MOMENTUM = 0.9  # Keras's 0.99 needs hundreds of steps to forget its start; small data sets have few


def compact(x: Tensor, width: int = 32, blocks: int = 1) -> Tensor:
    """Features of a float picture: (B, S, S, C) -> (B, S/4, S/4, 4 * width), rounded up."""
    x = _conv(x, width, 3, name="stem")
    for stage, (filters, stride) in enumerate(((width, 1), (2 * width, 2), (4 * width, 2)), 1):
        for block in range(1, blocks + 1):
            x = _residual(x, filters, stride if block == 1 else 1, f"stage{stage}_block{block}")
    return x


def _residual(x: Tensor, filters: int, stride: int, name: str) -> Tensor:
    shortcut = x
    if stride > 1:
        # With the convolution below, a strided 1x1 one. In one piece its gradient writes beyond its
        # memory if there are 8 channels or fewer: TensorFlow 2.21, oneDNN, AVX-512.
        shortcut = layers.MaxPooling2D(1, stride, "same", name=f"{name}_stride")(shortcut)
    if stride > 1 or x.shape[-1] != filters:
        shortcut = _conv(shortcut, filters, 1, activate=False, name=f"{name}_shortcut")
    x = _conv(x, filters, 3, stride, name=f"{name}_conv1")
    x = _conv(x, filters, 3, activate=False, name=f"{name}_conv2")
    return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, shortcut]))


def _conv(
    x: Tensor, filters: int, kernel: int, stride: int = 1, activate: bool = True, *, name: str
) -> Tensor:
    x = layers.Conv2D(
        filters, kernel, stride, "same", use_bias=False, kernel_initializer="he_normal", name=name
    )(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if activate else x
