"""A convolutional net from random weights."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as shared
from pipelines.config import setting
from pipelines.families import labelled, mirroring
from pipelines.tasks.classification import Classification

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines.models import backbones


@dataclass(frozen=True, kw_only=True)
class _Config(labelled.PictureConfig, shared.Config):
    """The shared settings, those of labelled pictures, and classification's own."""

    image_size: int = setting(
        0,
        "side of the square picture the model sees; 0 follows the data, 16 to 224",
        "px",
        low=0,
        high=2048,
    )
    backbone: str = setting(
        "auto",
        "compact[_WIDTH], efficientnet_lite0 with its weights, a keras.applications or KerasHub"
        " name, or hub:PRESET; auto goes by image_size",
    )
    backbone_arguments: str = setting("{}", "JSON arguments of a KerasHub backbone class")


class Scratch(Classification):
    """A compact net, or a backbone of your choice, trained from random weights."""

    Config = _Config
    paper = "He et al. 2016"

    def resolve(self, config, data):
        """Settings that follow from the data: the picture's size, whether it may be mirrored, and
        the weights of uneven classes."""
        changes = labelled.weighed(config, data.class_counts)
        changes |= mirroring.chosen(config, bool(config.angles))
        if not config.image_size:
            changes["image_size"] = min(224, max(16, round(data.median_side / 16) * 16))
        return config.replace(**changes)

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> outputs of `labelled.ended`, compiled."""
        inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
        x = backbones.features(config.backbone, inputs, config.backbone_arguments)
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        net = keras.Model({"image": inputs}, labelled.ended(x, config), name="classification")
        return labelled.compiled(net, config)
