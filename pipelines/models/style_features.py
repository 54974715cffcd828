"""Features of a net by which style transfer judges pictures: of content, and of style."""

import warnings
from dataclasses import dataclass
from typing import Any

import keras

from pipelines.errors import PipelineError, nearest
from pipelines.models import Tensor, perceptual, pretrained
from pipelines.models.sources import EFFICIENTNET_LITE0

RANDOM = "random"
SIDES, FILTERS = (3, 7, 11), 32  # px of the random filters, and how many of each side
VGG_STYLE = tuple(f"block{i}_conv1" for i in range(1, 6))


@dataclass(frozen=True)
class Layers:
    """Names of layers, or how they begin: the last one counts."""

    content: tuple[str, ...]
    style: tuple[str, ...]


# EfficientNet-Lite0 was tried out; its layers reach from the whole picture to a sixteenth of it.
# Of VGG19 they are those of Gatys et al. 2016, figure 1, and of VGG16 nearly those of Johnson et al.
# 2016, section 4.1.
LAYERS = {
    EFFICIENTNET_LITE0.name: Layers(
        ("block3b_",),
        (
            "stem_activation",
            "block1a_dwconv_activation",
            "block1a_project_bn",
            "block2b_",
            "block3b_",
            "block4c_",
        ),
    ),
    "imagenet:VGG19": Layers(("block4_conv2",), VGG_STYLE),
    # Ustyuzhaninov et al. 2016, arXiv:1606.00021, with fewer filters.
    RANDOM: Layers(("filters_7",), tuple(f"filters_{side}" for side in SIDES)),
    "imagenet:VGG16": Layers(("block3_conv3",), VGG_STYLE),
}


class Features:
    """Pictures (B, H, W, 3) in [0, 1] -> {"content", "style": lists of features (B, h, w, C)}.

    name: one of LAYERS. Raises PipelineError if the weights cannot be had.
    """

    def __init__(self, name: str):
        if name not in LAYERS:
            raise PipelineError(f"unknown loss_net {name!r}. {nearest(name, LAYERS)}")
        net, chosen = _net(name), LAYERS[name]
        self._is_vgg = name.startswith("imagenet:")
        layers = {"content": chosen.content, "style": chosen.style}
        outputs = {
            kind: [perceptual.last(net, prefix) for prefix in prefixes]
            for kind, prefixes in layers.items()
        }
        self._model = keras.Model(net.input, outputs, name="loss_net")
        self._model.trainable = False

    def __call__(self, pictures: Any) -> dict[str, list[Tensor]]:
        return self._model(self._scaled(pictures), training=False)

    def _scaled(self, pictures: Any) -> Tensor:
        if self._is_vgg:
            return keras.applications.vgg19.preprocess_input(pictures * 255)
        return perceptual.scaled(pictures)


def _net(name: str) -> keras.Model:
    if name == EFFICIENTNET_LITE0.name:
        return pretrained.efficientnet_lite0()
    if name == RANDOM:
        return _random()
    make = getattr(keras.applications, name.partition(":")[2])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return make(include_top=False, weights="imagenet")
    except Exception as error:  # what a download raises is of many kinds
        raise PipelineError(
            f"the weights of {name} cannot be had ({type(error).__name__}): they are downloaded"
            f" once. Use a machine with a network, or loss_net={EFFICIENTNET_LITE0.name}."
        ) from error


def _random() -> keras.Model:
    """Filters of several sizes with fixed random weights, side by side."""
    given, found = keras.Input((None, None, 3)), []
    for side in SIDES:
        start = keras.initializers.GlorotNormal(seed=side)
        filters = keras.layers.Conv2D(
            FILTERS, side, padding="same", activation="relu", kernel_initializer=start,
            name=f"filters_{side}",
        )  # fmt: skip
        found.append(filters(given))
    return keras.Model(given, found)
