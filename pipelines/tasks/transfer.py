"""Transfer learning: a pretrained net, frozen or fine-tuned in phases, and a head for your own classes."""

import dataclasses
from dataclasses import dataclass

from etils import epy

from pipelines import fine_tuning
from pipelines.config import setting
from pipelines.errors import PipelineError

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import tensorflow as tf

    from pipelines import canvas, optimization
    from pipelines.losses import cross_entropy
    from pipelines.metrics import calibration, classification, top_k
    from pipelines.models import backbones, heads
    from pipelines.ops import images

DATA = "digits"
SOLVED = ("logistic_regression", "svm")  # heads that scikit-learn finds
SIDE = 224  # px, what most nets were trained on ImageNet with


@dataclass(frozen=True, kw_only=True)
class Config(fine_tuning.Config):
    """The shared settings, those of fine-tuning, and transfer's own."""

    epochs: int = setting(30, "passes over the training split", "epochs", low=1)
    learning_rate: float = setting(3e-3, "peak learning rate", low=0.0, high=10.0)
    unfreeze: tuple[str, ...] = setting(
        ("none",), "what each phase trains of the pretrained net: none, all, or how many of its blocks from the top"
    )
    image_size: int = setting(0, "side of the square picture the model sees; 0 takes 224", "px", low=0, high=2048)
    backbone: str = setting(
        "efficientnet_lite0", "pretrained net: efficientnet_lite0, or hub:PRESET of KerasHub, by name or saved folder"
    )
    backbone_arguments: str = setting("{}", "JSON arguments of a KerasHub backbone class")
    head: str = setting(
        "linear",
        "what reads the features; the last two are found by scikit-learn instead of by steps, in a phase of `none`",
        choices=("linear", "mlp", "logistic_regression", "svm"),
    )
    hidden: int = setting(256, "units of the hidden layer of mlp", "units", low=1)
    regularisation: float = setting(
        0.0, "scikit-learn's C, more is less regularised; 0 takes the best of several on the validation split", low=0.0
    )
    dropout: float = setting(0.2, "share of features dropped before the last layer", low=0.0, high=0.95)
    label_smoothing: float = setting(0.1, "share of each target spread over all classes", low=0.0, high=0.9)
    class_weights: str = setting("none", "balanced weighs rare classes up", choices=("none", "balanced"))
    class_weight_values: tuple[float, ...] = setting(
        (), "weight of each class; empty takes class_weights' word", low=0.0
    )
    augment_frozen: bool = setting(
        False, "augment in phases of `none` too, where features are then computed anew in every epoch"
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
    changes = {"image_size": config.image_size or SIDE}
    if config.class_weights == "balanced" and not config.class_weight_values:
        counts = [data.class_counts["train"].get(label, 0) for label in config.labels]
        changes["class_weight_values"] = [sum(counts) / (len(counts) * c) if c else 0.0 for c in counts]
    return config.replace(**changes)


def parse(example, config):
    """{"image": uint8 (H, W, 3), "label": int} -> ({"image": uint8 (S, S, 3)}, one-hot float (C,))."""
    image = images.resize(example["image"], config.image_size)
    return {"image": image}, tf.one_hot(example["label"], len(config.labels))


def augment(inputs, targets, seed, progress, config):
    """Random change of a batch; see `ops.images`. seed: int (2,); progress: share of the run done, in [0, 1)."""
    seeds = images.split_seed(seed, 4)
    moves = {name: getattr(config, name) for name in ("flip", "shift", "zoom", "rotate")}
    image = images.random_affine(inputs["image"], seeds[0], **moves)
    image = images.cutout(images.random_colour(image, seeds[1], config.colour), seeds[2], config.cutout)
    image, targets = images.mixup(image, targets, seeds[3], config.mixup)
    return {"image": image}, targets


def model(config):
    """{"image": uint8 (B, S, S, 3)} -> logits (B, C), compiled."""
    inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
    x = backbones.features(config.backbone, inputs, config.backbone_arguments)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    for layer in heads.layers(len(config.labels), config.hidden * (config.head == "mlp"), config.dropout, config.seed):
        x = layer(x)
    net = keras.Model({"image": inputs}, x, name="transfer")
    _compile(net, config)
    return net


def phases(config):
    """Those of `fine_tuning`; where the pretrained net is frozen, its features are computed once."""
    if config.head in SOLVED and (config.augment_frozen or config.unfreeze[:1] != ("none",)):
        raise PipelineError(
            f"head={config.head} is found on features that stay as they are: begin with unfreeze=none, and leave "
            "augment_frozen false."
        )
    made = fine_tuning.phases(config, _compile)
    if config.augment_frozen:
        return made
    return [
        dataclasses.replace(phase, cut=_cut(phase.config), solve=_solve(phase.config))
        if phase.config.unfreeze == ("none",)
        else phase
        for phase in made
    ]


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


def _compile(net, config, rates=(), pull=0.0):
    net.compile(
        optimizer=optimization.optimizer(config, rates, pull),
        loss=cross_entropy.CrossEntropy(config.label_smoothing, config.class_weight_values),
        metrics=[keras.metrics.CategoricalAccuracy("accuracy")],
        jit_compile={"auto": "auto", "on": True, "off": False}[config.jit_compile],
    )


def _cut(config):
    def cut(net):
        pooled = net.get_layer("pool").output
        features = x = keras.Input(pooled.shape[1:], name="features")
        for layer in net.layers[net.layers.index(net.get_layer("pool")) + 1 :]:
            x = layer(x)
        rest = keras.Model({"features": features}, x, name="head")
        # A head that is solved for is not what its steps were, so they have no average worth keeping.
        _compile(rest, config.replace(ema=0.0) if config.head in SOLVED else config)
        return keras.Model(net.input, pooled, name="fixed"), rest

    return cut


def _solve(config):
    if config.head not in SOLVED:
        return None
    return lambda net, train, validation: heads.solve(
        net.get_layer("logits"),
        config.head,
        train,
        validation,
        config.regularisation,
        config.class_weights,
        config.seed,
    )
