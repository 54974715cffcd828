"""Image classification: one label a picture."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as shared
from pipelines import labelled
from pipelines.config import setting

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines.models import backbones

DATA = "digits"
parse, augment = labelled.parse, labelled.augment
decode, metrics, draw = labelled.decode, labelled.metrics, labelled.draw


@dataclass(frozen=True, kw_only=True)
class Config(labelled.PictureConfig, shared.Config):
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


def resolve(config, data):
    """Settings that follow from the data: the picture's size and the weights of uneven classes."""
    changes = labelled.weighed(config, data.class_counts)
    if not config.image_size:
        changes["image_size"] = min(224, max(16, round(data.median_side / 16) * 16))
    return config.replace(**changes)


def model(config):
    """{"image": uint8 (B, S, S, 3)} -> logits (B, C), compiled."""
    inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
    x = backbones.features(config.backbone, inputs, config.backbone_arguments)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dropout(config.dropout, seed=config.seed, name="dropout")(x)
    logits = keras.layers.Dense(len(config.labels), dtype="float32", name="logits")(x)
    return labelled.compiled(keras.Model({"image": inputs}, logits, name="classification"), config)
