"""Transfer learning: a pretrained net, frozen or fine-tuned in phases, and a head for your own classes."""

from dataclasses import dataclass

from etils import epy

from pipelines import extraction, labelled
from pipelines.config import setting

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines.models import backbones

DATA = "digits"
SIDE = 224  # px, what most nets were trained on ImageNet with
parse, augment = labelled.parse, labelled.augment
decode, metrics, draw = labelled.decode, labelled.metrics, labelled.draw


@dataclass(frozen=True, kw_only=True)
class Config(labelled.PictureConfig, extraction.Config):
    """The shared settings, those of fine-tuning, heads and labelled pictures, and transfer's own."""

    image_size: int = setting(
        0, "side of the square picture the model sees; 0 takes 224", "px", low=0, high=2048
    )
    backbone: str = setting(
        "efficientnet_lite0",
        "pretrained net, see `pipelines backbones`: efficientnet_lite0, imagenet:NAME of"
        " keras.applications, or hub:PRESET of KerasHub, by name or saved folder",
    )
    backbone_arguments: str = setting("{}", "JSON arguments of a KerasHub backbone class")
    augment_frozen: bool = setting(
        False,
        "augment in phases of `none` too, where features are then computed anew in every epoch",
    )


def resolve(config, data):
    """Settings that follow from the data: the picture's size and the weights of uneven classes."""
    return config.replace(
        image_size=config.image_size or SIDE, **labelled.weighed(config, data.class_counts)
    )


def model(config):
    """{"image": uint8 (B, S, S, 3)} -> logits (B, C), compiled."""
    inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
    x = backbones.features(config.backbone, inputs, config.backbone_arguments)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return extraction.model({"image": inputs}, x, config, "transfer")


def phases(config):
    """Those of `extraction`: frozen features are computed once, unless pictures are augmented then, too."""
    return extraction.phases(config, config.augment_frozen)
