"""Transfer learning: a pretrained net, frozen or fine-tuned in phases, and a head for your own classes."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import frozen_features, labelled
from pipelines.tasks.classification import Classification

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines.models import backbones

SIDE = 224  # px, what most nets were trained on ImageNet with


@dataclass(frozen=True, kw_only=True)
class _Config(labelled.PictureConfig, frozen_features.Config):
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


class Transfer(Classification):
    """A pretrained net and a head for your own classes."""

    Config = _Config
    paper = "Yosinski et al. 2014"
    page = "transfer.md"

    def resolve(self, config, data):
        """Settings that follow from the data: the picture's size and the weights of uneven classes."""
        return config.replace(
            image_size=config.image_size or SIDE, **labelled.weighed(config, data.class_counts)
        )

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> logits (B, C), compiled."""
        inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
        x = backbones.features(config.backbone, inputs, config.backbone_arguments)
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        return frozen_features.model({"image": inputs}, x, config, "transfer")

    def phases(self, config):
        """Those of `frozen_features`: frozen features are computed once, unless pictures are augmented then, too."""
        return frozen_features.phases(config, config.augment_frozen)
