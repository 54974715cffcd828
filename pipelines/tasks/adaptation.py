"""Domain adaptation: labels in one domain, pictures without labels in another, and a classifier for the other."""

import dataclasses
from dataclasses import dataclass

from etils import epy

from pipelines import config as shared
from pipelines.config import setting
from pipelines.errors import PipelineError

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas, optimization
    from pipelines.edge import pictures
    from pipelines.losses import adaptation as losses
    from pipelines.metrics import domains
    from pipelines.models import backbones, gradient_reversal, instance_weights, joint
    from pipelines.ops import images

DATA = "digit_domains"
LABELS = "label"  # the feature whose names are the classes
GLANCE = 8  # px, side at which pictures are compared to weigh them


@dataclass(frozen=True, kw_only=True)
class Config(shared.Config):
    """The shared settings and adaptation's own."""

    epochs: int = setting(30, "passes over the training split", "epochs", low=1)
    keep: str = setting(
        "last", "weights kept at the end: of the best epoch by `monitor`, or of the last", choices=("best", "last")
    )
    method: str = setting(
        "dann",
        "how the domains are brought together, or not: target is trained with the target's labels, the ceiling",
        choices=("source", "target", "mmd", "deep_coral", "dann", "importance", "selection", "tradaboost"),
    )
    factor: float = setting(1.0, "factor of the loss of mmd, deep_coral or dann", low=0.0)
    selected: float = setting(0.5, "share of the source that selection keeps", low=0.01, high=1.0)
    labelled_target: int = setting(5, "target examples of each class whose labels tradaboost sees", "examples", low=1)
    image_size: int = setting(
        0, "side of the square picture the model sees; 0 follows the data, 16 to 224", "px", low=0, high=2048
    )
    backbone: str = setting("compact_16", "compact[_WIDTH], efficientnet_lite0 or any other backbone of classification")
    backbone_arguments: str = setting("{}", "JSON arguments of a KerasHub backbone class")
    dropout: float = setting(0.2, "share of features dropped before the last layer", low=0.0, high=0.95)
    label_smoothing: float = setting(0.0, "share of each target spread over all classes", low=0.0, high=0.9)
    shift: float = setting(0.1, "largest random move, as a share of the side", low=0.0, high=0.5)
    zoom: float = setting(0.1, "largest random change of size", low=0.0, high=0.9)
    rotate: float = setting(10.0, "largest random rotation", "degrees", low=0.0, high=180.0)
    colour: float = setting(0.1, "largest random change of brightness, contrast and saturation", low=0.0, high=1.0)


def resolve(config, data):
    """Settings that follow from the data: the picture's size."""
    return config.replace(image_size=config.image_size or min(224, max(16, round(data.median_side / 16) * 16)))


def adapt(data, config):
    """Data with a `weight` for each training example, where the method has weights; target labels weigh nothing."""
    train = data.splits.get("train")
    if train is None or config.method not in ("importance", "selection", "tradaboost") or "weight" in train.columns:
        return data
    if "domain" not in train.columns:
        return data
    domain, labels = (np.asarray(train.columns[name]) for name in ("domain", "label"))
    seen = np.stack([_glance(picture) for picture in train.columns["image"]])
    source, target = seen[domain == 0], seen[domain == 1]
    if config.method == "importance":
        found = instance_weights.importance(source, target)
    elif config.method == "selection":
        found = instance_weights.selection(source, target, config.selected)
    else:
        own = [np.flatnonzero((domain == 1) & (labels == label)) for label in np.unique(labels)]
        few = np.concatenate([rows[: config.labelled_target] for rows in own])
        found = instance_weights.tradaboost(source, labels[domain == 0], seen[few], labels[few])
    weights = np.ones(len(domain))
    weights[domain == 0] = found
    columns = {**train.columns, "weight": [float(w) for w in weights]}
    return dataclasses.replace(data, splits={**data.splits, "train": dataclasses.replace(train, columns=columns)})


def _glance(picture):
    """A picture, file or bytes -> its pixels, small: float (3 GLANCE^2,) in [0, 1]."""
    small, _ = pictures.resize(pictures.read_picture(picture), GLANCE)
    return np.asarray(small, np.float64).reshape(-1) / 255


def check(examples, config):
    """Raises PipelineError where the data does not say which domain an example is of."""
    if "domain" not in examples.columns:
        raise PipelineError(
            "the data has no domain, 0 for source and 1 for target. Name a data set with the feature `domain`."
        )


def parse(example, config):
    """{"image": uint8 (H, W, 3), "label": int, "domain": int} -> the picture, and what is known about it.

    Inputs: {"image": uint8 (S, S, 3)}. Targets: {"label": one-hot (C,), "domain": 0 or 1, "weight": number}, floats.
    """
    targets = {
        "label": tf.one_hot(example["label"], len(config.labels)),
        "domain": tf.cast(example["domain"], tf.float32),
        "weight": tf.cast(example.get("weight", 1.0), tf.float32),
    }
    return {"image": images.resize(example["image"], config.image_size)}, targets


def augment(inputs, targets, seed, progress, config):
    """Random change of a batch; see `ops.images`. seed: int (2,); progress: share of the run done, in [0, 1)."""
    seeds = images.split_seed(seed, 2)
    moves = {name: getattr(config, name) for name in ("shift", "zoom", "rotate")}
    image = images.random_affine(inputs["image"], seeds[0], **moves)
    return {"image": images.random_colour(image, seeds[1], config.colour)}, targets


def model(config):
    """{"image": uint8 (B, S, S, 3)} -> {"logits": (B, C), "features": (B, F)}, dann also "domain": (B,); compiled."""
    inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
    x = backbones.features(config.backbone, inputs, config.backbone_arguments)
    x = keras.layers.GlobalAveragePooling2D(dtype="float32", name="pool")(x)
    dropped = keras.layers.Dropout(config.dropout, seed=config.seed, name="dropout")(x)
    outputs = {
        "logits": keras.layers.Dense(len(config.labels), dtype="float32", name="logits")(dropped),
        "features": x,
    }
    if config.method == "dann":
        told = gradient_reversal.GradientReversal(config.epochs * config.steps_per_epoch, name="reversal")(x)
        told = keras.layers.Dense(64, activation="relu", name="domain_hidden")(told)
        told = keras.layers.Dense(1, dtype="float32", name="domain_logit")(told)
        outputs["domain"] = keras.layers.Reshape((), name="domain")(told)
    net = joint.Joint({"image": inputs}, outputs, name="adaptation")
    labelled = 1 if config.method == "target" else 0
    net.compile(
        optimizer=optimization.optimizer(config),
        loss=losses.AdaptationLoss(config.method, config.factor, labelled, config.label_smoothing),
        jit_compile={"auto": "auto", "on": True, "off": False}[config.jit_compile],
    )
    return net


def decode(outputs, config):
    """Outputs of the model -> {"probabilities": (B, C)} that sum to one."""
    return {"probabilities": keras.ops.softmax(outputs["logits"])}


def metrics(config):
    """The first one named, accuracy in the target domain, is what an exported file is judged by."""
    return [domains.Domains(len(config.labels))]


def draw(inputs, decoded, config, targets=None):
    """One picture (S, S, 3) with the predicted label, its probability and, where given, the true one."""
    truth = None if targets is None else targets["label"]
    return canvas.labelled(inputs["image"], decoded["probabilities"], config.labels, truth)
