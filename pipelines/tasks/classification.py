"""Image classification: one label a picture."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as shared
from pipelines.config import setting

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import tensorflow as tf

    from pipelines import canvas, optimization
    from pipelines.losses import cross_entropy
    from pipelines.metrics import calibration, classification, top_k
    from pipelines.models import backbones
    from pipelines.ops import images

DATA = "digits"


@dataclass(frozen=True, kw_only=True)
class Config(shared.Config):
    """The shared settings and classification's own."""

    image_size: int = setting(
        0, "side of the square picture the model sees; 0 follows the data, 16 to 224", "px", low=0, high=2048
    )
    backbone: str = setting(
        "auto",
        "compact[_WIDTH], efficientnet_lite0 with its weights, a keras.applications or KerasHub name, or hub:PRESET; "
        "auto goes by image_size",
    )
    backbone_arguments: str = setting("{}", "JSON arguments of a KerasHub backbone class")
    dropout: float = setting(0.2, "share of features dropped before the last layer", low=0.0, high=0.95)
    label_smoothing: float = setting(0.1, "share of each target spread over all classes", low=0.0, high=0.9)
    class_weights: str = setting("none", "balanced weighs rare classes up", choices=("none", "balanced"))
    class_weight_values: tuple[float, ...] = setting(
        (), "weight of each class; empty takes class_weights' word", low=0.0
    )
    flip: bool = setting(False, "mirror pictures left to right at random")
    shift: float = setting(0.1, "largest random move, as a share of the side", low=0.0, high=0.5)
    zoom: float = setting(0.1, "largest random change of size", low=0.0, high=0.9)
    rotate: float = setting(10.0, "largest random rotation", "degrees", low=0.0, high=180.0)
    colour: float = setting(0.1, "largest random change of brightness, contrast and saturation", low=0.0, high=1.0)
    cutout: float = setting(0.0, "side of a random grey square, as a share of the side; 0 is off", low=0.0, high=1.0)
    mixup: float = setting(0.0, "blend pairs of pictures by Beta(a, a); 0 is off", low=0.0, high=10.0)


def resolve(config, data):
    """Settings that follow from the data: the picture's size and the weights of uneven classes."""
    changes = {}
    if not config.image_size:
        changes["image_size"] = min(224, max(16, round(data.median_side / 16) * 16))
    if config.class_weights == "balanced" and not config.class_weight_values:
        counts = [data.class_counts["train"].get(label, 0) for label in config.labels]
        # n / (classes * n_c), scikit-learn's "balanced"; a class without examples weighs nothing.
        changes["class_weight_values"] = [sum(counts) / (len(counts) * c) if c else 0.0 for c in counts]
    return config.replace(**changes)


def parse(example, config):
    """{"image": uint8 (H, W, 3), "label": int} -> ({"image": uint8 (S, S, 3)}, one-hot float (C,))."""
    image = images.resize(example["image"], config.image_size)
    return {"image": image}, tf.one_hot(example["label"], len(config.labels))


def augment(inputs, targets, seed, progress, config):
    """Random change of a batch; see `ops.images`. seed: int (2,); progress: share of the run done, in [0, 1)."""
    seeds = images.split_seed(seed, 4)
    image = images.random_affine(
        inputs["image"], seeds[0], flip=config.flip, shift=config.shift, zoom=config.zoom, rotate=config.rotate
    )
    image = images.cutout(images.random_colour(image, seeds[1], config.colour), seeds[2], config.cutout)
    image, targets = images.mixup(image, targets, seeds[3], config.mixup)
    return {"image": image}, targets


def model(config):
    """{"image": uint8 (B, S, S, 3)} -> logits (B, C), compiled."""
    inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
    x = backbones.features(config.backbone, inputs, config.backbone_arguments)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dropout(config.dropout, seed=config.seed, name="dropout")(x)
    logits = keras.layers.Dense(len(config.labels), dtype="float32", name="logits")(x)
    net = keras.Model({"image": inputs}, logits, name="classification")
    net.compile(
        optimizer=optimization.optimizer(config),
        loss=cross_entropy.CrossEntropy(config.label_smoothing, config.class_weight_values),
        metrics=[keras.metrics.CategoricalAccuracy("accuracy")],
        jit_compile={"auto": "auto", "on": True, "off": False}[config.jit_compile],
    )
    return net


def decode(outputs, config):
    """Logits (B, C) -> {"probabilities": (B, C)} that sum to one."""
    return {"probabilities": keras.ops.softmax(outputs)}


def metrics(config):
    """The first one named, accuracy, is what an exported file is judged by."""
    extra = [top_k.TopK(5)] if len(config.labels) > 10 else []
    return [classification.Classification(len(config.labels)), *extra, calibration.CalibrationError()]


def draw(inputs, decoded, config, targets=None):
    """One picture (S, S, 3) with the predicted label, its probability and, where given, the true one."""
    return canvas.labelled(inputs["image"], decoded["probabilities"], config.labels, targets)
