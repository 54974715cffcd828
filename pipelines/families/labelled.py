"""One label an example: settings, targets, loss, answers and metrics of such methods."""

import collections
import re
from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.formats.examples import UNLABELLED
from pipelines.task import Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas, optimization
    from pipelines.losses import cross_entropy
    from pipelines.metrics import calibration, classification, top_k
    from pipelines.models import temperature
    from pipelines.ops import images


# Words in the names of classes whose pictures must not be mirrored.
SIDED = frozenset(
    (
        *("left", "right", "letter", "letters", "digit", "digits", "character", "characters"),
        *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Settings of every method that gives a label: what classes weigh, and how sure an answer is."""

    class_weights: str = setting(
        "none", "balanced weighs rare classes up", choices=("none", "balanced")
    )
    calibrated: bool = setting(
        True, "scale logits after training, so that probabilities fit the validation split"
    )
    class_weight_values: tuple[float, ...] = setting(
        (), "weight of each class; empty takes class_weights' word", low=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Config(Answers):
    """Settings of the loss."""

    dropout: float = setting(
        0.2, "share of features dropped before the last layer", low=0.0, high=0.95
    )
    label_smoothing: float = setting(
        0.1, "share of each target spread over all classes", low=0.0, high=0.9
    )


@dataclass(frozen=True, kw_only=True)
class PictureConfig(Config):
    """Settings of the loss, and of how pictures are changed at random."""

    flip: str = setting(
        "auto",
        "mirror pictures left to right at random; auto does unless classes are called like letters,"
        " digits or sides",
        choices=("auto", "on", "off"),
    )
    shift: float = setting(0.1, "largest random move, as a share of the side", low=0.0, high=0.5)
    zoom: float = setting(0.1, "largest random change of size", low=0.0, high=0.9)
    rotate: float = setting(10.0, "largest random rotation", "degrees", low=0.0, high=180.0)
    colour: float = setting(
        0.1, "largest random change of brightness, contrast and saturation", low=0.0, high=1.0
    )
    cutout: float = setting(
        0.0, "side of a random grey square, as a share of the side; 0 is off", low=0.0, high=1.0
    )
    mixup: float = setting(
        0.0, "blend pairs of pictures by Beta(a, a); 0 is off", low=0.0, high=10.0
    )


def mirrored(config):
    """What says whether pictures are mirrored, as the names of the classes have it: {}, or
    {"flip": "on" or "off"} if that is left to the data."""
    if config.flip != "auto":
        return {}
    return {"flip": "off" if any(map(_has_sides, config.labels)) else "on"}


def _has_sides(label):
    """Whether a class would be another one in the mirror, going by its name."""
    words = re.findall(r"[^\W\d_]+", label.lower())
    is_sign = len(label.strip()) == 1 or label.strip().isdigit()
    return is_sign or not SIDED.isdisjoint(words)


def weighed(config, counts):
    """What weighs the classes of a Config as its `class_weights` says: {}, or
    {"class_weight_values": [...]}.

    counts: {split: {label: examples, or pixels}}. Balanced is scikit-learn's, n / (classes * n_c)
    of training; a class without any weighs nothing.
    """
    if config.class_weights == "none" or config.class_weight_values:
        return {}
    found = [counts.get("train", {}).get(label, 0) for label in config.labels]
    return {"class_weight_values": [sum(found) / (len(found) * n) if n else 0.0 for n in found]}


class Labelled(Method):
    """One label an example, whatever an example is."""

    scores = (
        Score("accuracy", counted=True),
        Score("macro_f1"),
        Score("macro_recall"),
        Score("macro_precision"),
        Score("top5_accuracy"),
        Score("calibration_error", "lower"),
    )

    def floor(self, part, config):
        """The share of the most frequent class, which a constant answer reaches."""
        labels = [label for label in part.examples.columns["label"] if label != UNLABELLED]
        if not labels:
            return None
        return collections.Counter(map(int, labels)).most_common(1)[0][1] / len(labels)

    def truth(self, targets, config):
        """One-hot (C,), or shares of blended pictures -> {"probabilities": (C,)}."""
        return {"probabilities": targets}

    def calibrate(self, model, answers, config):
        """Scales the layer `logits` by a factor, which changes no label; see `models.temperature`."""
        if not (isinstance(config, Answers) and config.calibrated):
            return {}
        logits, targets = (np.concatenate(parts) for parts in zip(*answers, strict=True))
        labels = targets.argmax(-1)
        factor = temperature.factor(logits, labels)
        layer = model.get_layer("logits")
        for weight in (layer.kernel, layer.bias):
            weight.assign(weight * factor)
        before, after = (temperature.log_loss(own, labels) for own in (logits, logits * factor))
        return {"factor": factor, "log_loss_before": before, "log_loss_after": after}

    def decode(self, outputs, config):
        """Logits (B, C) -> {"probabilities": (B, C)} that sum to one."""
        return {"probabilities": keras.ops.softmax(outputs)}

    def metrics(self, config):
        """The first one named, accuracy, is what an exported file is judged by."""
        extra = [top_k.TopK(5)] if len(config.labels) > 10 else []
        return [
            classification.Classification(len(config.labels)),
            *extra,
            calibration.CalibrationError(),
        ]


class LabelledPictures(Labelled):
    """One label a picture."""

    def parse(self, example, config):
        """{"image": uint8 (H, W, 3), "label": int} -> ({"image": uint8 (S, S, 3)}, one-hot float (C,))."""
        image = images.resize(example["image"], config.image_size)
        return {"image": image}, tf.one_hot(example["label"], len(config.labels))

    def augment(self, inputs, targets, seed, progress, config):
        """Random change of a batch; see `ops.images`. seed: int (2,); progress: share of the run done, in [0, 1)."""
        seeds = images.split_seed(seed, 4)
        moves = {name: getattr(config, name) for name in ("shift", "zoom", "rotate")}
        image = images.random_affine(inputs["image"], seeds[0], flip=config.flip == "on", **moves)
        image = images.cutout(
            images.random_colour(image, seeds[1], config.colour), seeds[2], config.cutout
        )
        image, targets = images.mixup(image, targets, seeds[3], config.mixup)
        return {"image": image}, targets

    def device(self, config):
        """A picture is squeezed into the square."""
        return {"fit": "stretch"}

    def draw(self, inputs, decoded, config, targets=None):
        """One picture (S, S, 3) with the predicted label, its probability and, where given, the true one."""
        return canvas.labelled(inputs["image"], decoded["probabilities"], config.labels, targets)


def compiled(net, config, rates=(), pull=0.0):
    """`net`, which gives logits (B, C), with cross-entropy; rates and pull: see `optimization.optimizer`."""
    optimization.compile(
        net,
        config,
        rates,
        pull,
        loss=cross_entropy.CrossEntropy(config.label_smoothing, config.class_weight_values),
        metrics=[keras.metrics.CategoricalAccuracy("accuracy")],
    )
    return net
