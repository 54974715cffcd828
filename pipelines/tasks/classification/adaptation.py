"""Domain adaptation: labels in one domain, pictures without labels in another."""

import dataclasses
from dataclasses import dataclass

from etils import epy

from pipelines import config as shared
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import target_kinds
from pipelines.formats.examples import UNLABELLED as NONE
from pipelines.task import Phase, Score
from pipelines.tasks.classification import Classification, _domains

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas, optimization
    from pipelines.losses import adaptation as losses
    from pipelines.metrics import domains
    from pipelines.models import (
        backbones,
        correlation_alignment,
        gradient_reversal,
        heads,
        joint,
        paired,
    )
    from pipelines.ops import images

BOTH = ("adabn", "mmd", "deep_coral", "dann")  # methods that train on both domains at once
WEIGHED = ("importance", "selection", "tradaboost")  # and those that weigh the source's examples
FACTORS = {
    "mmd": 10.0,
    "deep_coral": 300.0,
    "dann": 0.1,
}  # chosen on the validation split of digit_domains


@dataclass(frozen=True, kw_only=True)
class _Config(shared.Config):
    """The shared settings and adaptation's own."""

    epochs: int = setting(30, "passes over the training split", "epochs", low=1)
    keep: str = setting(
        "last",
        "weights kept at the end: of the best epoch by `monitor`, or of the last",
        choices=("best", "last"),
    )
    alignment: str = setting(
        "deep_coral",
        "how the domains are brought together, or not: target is trained with the target's labels,"
        " the ceiling",
        choices=("source", "target", *BOTH, "coral", *WEIGHED),
    )
    references: bool = setting(
        True,
        "train also without adaptation and, if the target has labels, on those; about three"
        " times the minutes",
    )
    factor: float = setting(
        0.0,
        "factor of the loss of mmd, deep_coral or dann; 0 takes 10 for mmd, 300 for deep_coral, 0.1"
        " for dann",
        low=0.0,
    )
    selected: float = setting(0.5, "share of the source that selection keeps", low=0.01, high=1.0)
    labelled_target: int = setting(
        5, "target examples of each class whose labels tradaboost sees", "examples", low=1
    )
    image_size: int = setting(
        0,
        "side of the square picture the model sees; 0 follows the data, 16 to 224",
        "px",
        low=0,
        high=2048,
    )
    backbone: str = setting(
        "compact_16", "compact[_WIDTH], efficientnet_lite0 or any other backbone of classification"
    )
    backbone_arguments: str = setting("{}", "JSON arguments of a KerasHub backbone class")
    dropout: float = setting(
        0.2, "share of features dropped before the last layer", low=0.0, high=0.95
    )
    label_smoothing: float = setting(
        0.0, "share of each target spread over all classes", low=0.0, high=0.9
    )
    shift: float = setting(0.1, "largest random move, as a share of the side", low=0.0, high=0.5)
    zoom: float = setting(0.1, "largest random change of size", low=0.0, high=0.9)
    rotate: float = setting(10.0, "largest random rotation", "degrees", low=0.0, high=180.0)
    colour: float = setting(
        0.1, "largest random change of brightness, contrast and saturation", low=0.0, high=1.0
    )


class Adaptation(Classification):
    """Labels in a source domain, pictures without labels in the target domain."""

    Config = _Config
    paper = "Long et al. 2015; Sun & Saenko 2016; Ganin et al. 2016"
    data = "digit_domains"
    unlabelled = True  # the target needs no labels
    page = "adaptation.md"
    _answers = (target_kinds.CLASS,)
    scores = (
        Score("accuracy", counted=True),
        Score("source_accuracy"),
        Score("macro_f1"),
        Score("macro_recall"),
        Score("macro_precision"),
    )

    def floor(self, part, config):
        """The share of the most frequent class among labelled pictures of the target."""
        domain, labels = _domains.of(part.examples), np.asarray(part.examples.columns["label"])
        judged = labels[(domain == 1) & (labels != NONE)]
        return np.unique(judged, return_counts=True)[1].max() / len(judged) if len(judged) else None

    def resolve(self, config, data):
        """What follows from the data, the picture's size, and from the method, the factor of its
        loss."""
        size = config.image_size or min(224, max(16, round(data.median_side / 16) * 16))
        return config.replace(
            image_size=size, factor=config.factor or FACTORS.get(config.alignment, 0.0)
        )

    def learn(self, examples, config):
        """What importance, selection and tradaboost weigh: {"weighed": names (N,), "weights":
        numbers (N,)}.

        Raises PipelineError if an example is of no domain that is adapted between, or if a
        domain has none.
        """
        self.strata(examples, config)  # raises
        if config.alignment not in WEIGHED:
            return {}
        names = np.array(examples.names)
        source, weights = _domains.weighed(examples, config)
        return {"weighed": names[source], "weights": weights}

    def expand(self, examples, config):
        """The examples with what `learn` found as their `weight`, if it found any."""
        if "weighed" not in config.learned:
            return examples
        found = dict(
            zip(config.learned["weighed"].tolist(), config.learned["weights"].tolist(), strict=True)
        )
        plain = np.where(_domains.of(examples) == 0, 1.0, 0.0).tolist()
        weights = [found.get(name, own) for name, own in zip(examples.names, plain, strict=True)]
        return dataclasses.replace(examples, columns={**examples.columns, "weight": weights})

    def strata(self, examples, config):
        """Rows of which every batch of training has as many: source and target, or the only one
        that the method sees.

        Raises PipelineError if there are none.
        """
        domain, labelled = _domains.of(examples), np.asarray(examples.columns["label"]) != NONE
        source, target = np.flatnonzero((domain == 0) & labelled), np.flatnonzero(domain == 1)
        if not len(source):
            raise PipelineError(
                "the training split has no labelled example of the source. Add some."
            )
        if not len(target):
            raise PipelineError(
                "the training split has no example of the target. Add some; they need no labels."
            )
        if config.alignment in ("target", "tradaboost") and not labelled[target].any():
            raise PipelineError(
                f"alignment={config.alignment} learns from labels of the target, and the training"
                " split has none. Label some, or choose another alignment."
            )
        if config.alignment in ("source", "importance", "selection", "coral"):
            return [source]
        if config.alignment == "target":
            return [target[labelled[target]]]
        if config.alignment == "tradaboost":
            return [source, _domains.few(domain, examples.columns["label"], config.labelled_target)]
        return [source, target]

    def check(self, examples, config):
        """Raises PipelineError if the data does not say which domain an example is of."""
        _domains.of(examples)

    def parse(self, example, config):
        """{"image": uint8 (H, W, 3), "label": int, "domain": int} -> the picture, and what is known
        about it.

        Inputs: {"image": uint8 (S, S, 3)}. Targets, floats: {"label": one-hot (C,), all 0 where
        there
            is none, "domain": 0
        or 1, "weight": how much the label counts in the loss}.
        """
        label, domain = example["label"], tf.cast(example["domain"], tf.float32)
        learned = tf.cast(label != NONE, tf.float32) * (
            domain if config.alignment == "target" else 1 - domain
        )
        targets = {
            "label": tf.one_hot(label, len(config.labels)),
            "domain": domain,
            "weight": tf.cast(example.get("weight", learned), tf.float32),
        }
        return {"image": images.resize(example["image"], config.image_size)}, targets

    def augment(self, inputs, targets, seed, progress, config):
        """Random change of a batch; see `ops.images`. seed: int (2,); progress: share of the run
        done, in [0, 1)."""
        seeds = images.split_seed(seed, 2)
        moves = {name: getattr(config, name) for name in ("shift", "zoom", "rotate")}
        image = images.random_affine(inputs["image"], seeds[0], **moves)
        return {"image": images.random_colour(image, seeds[1], config.colour)}, targets

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> {"logits": (B, C), "features": (B, F)}, compiled.

        dann also gives "domain": (B,).
        """
        inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
        x = backbones.features(config.backbone, inputs, config.backbone_arguments)
        x = keras.layers.GlobalAveragePooling2D(dtype="float32", name="pool")(x)
        dropped = keras.layers.Dropout(config.dropout, seed=config.seed, name="dropout")(x)
        outputs = {"logits": _logits(config)(dropped), "features": x}
        kind = paired.Paired if config.alignment in (*BOTH, "tradaboost") else joint.Joint
        if config.alignment == "dann":
            calls = 2 * config.epochs * config.steps_per_epoch  # one for each domain in a step
            told = gradient_reversal.GradientReversal(calls, name="reversal")(x)
            told = keras.layers.Dense(64, activation="relu", name="domain_hidden")(told)
            told = keras.layers.Dense(1, dtype="float32", name="domain_logit")(told)
            outputs["domain"] = keras.layers.Reshape((), name="domain")(told)
        net = kind({"image": inputs}, outputs, name="adaptation")
        _compile(net, config)
        return net

    def phases(self, config):
        """One; for coral, training on the source and then the head anew, on features aligned with
        the target's."""
        if config.alignment != "coral":
            return [Phase("train", config)]
        if config.epochs < 2:
            raise PipelineError(
                "alignment=coral takes its last epoch for the alignment: set epochs=2 or more."
            )
        first, last = config.replace(epochs=config.epochs - 1), config.replace(epochs=1, ema=0.0)
        return [Phase("source", first), Phase("coral", last, cut=_cut(last), solve=_solve(last))]

    def references(self, config, source):
        """The floor, trained on the source alone, and the ceiling, trained on the target's labels.

        Without labels of the target there is no ceiling.
        """
        if not config.references or config.alignment in ("source", "target"):
            return {}
        examples = source.data.splits["train"]
        methods = {"source_only": "source"}
        if (np.asarray(examples.columns["label"])[_domains.of(examples) == 1] != NONE).any():
            methods["target_trained"] = "target"
        return {
            name: config.replace(alignment=alignment, references=False)
            for name, alignment in methods.items()
        }

    def calibrate(self, model, answers, config):
        """Nothing is changed: how sure it may be in the target, labels of the source do not say."""
        return {}

    def decode(self, outputs, config):
        """Outputs of the model -> {"probabilities": (B, C)} that sum to one."""
        return {"probabilities": keras.ops.softmax(outputs["logits"])}

    def metrics(self, config):
        """The first one named, accuracy in the target domain, is what an exported file is judged
        by."""
        return [domains.Domains(len(config.labels))]

    def truth(self, targets, config):
        """{"label": one-hot (C,)} -> {"probabilities": (C,)}; None without a label."""
        label = targets["label"]
        return {"probabilities": label} if np.any(label) else None

    def draw(self, inputs, decoded, config, targets=None):
        """One picture (S, S, 3) with the predicted label, its probability and, if known, the
        true one."""
        truth = None if targets is None or not np.any(targets["label"]) else targets["label"]
        return canvas.labelled(inputs["image"], decoded["probabilities"], config.labels, truth)


def _logits(config):
    return keras.layers.Dense(len(config.labels), dtype="float32", name="logits")


def _compile(net, config):
    optimization.compile(
        net,
        config,
        loss=losses.AdaptationLoss(config.alignment, config.factor, config.label_smoothing),
    )


def _cut(config):
    """The net up to its features, and the head that reads them."""

    def cut(net):
        pooled = net.get_layer("pool").output
        features = keras.Input(pooled.shape[1:], name="features")
        outputs = {"logits": net.get_layer("logits")(features), "features": features}
        rest = joint.Joint({"features": features}, outputs, name="head")
        _compile(rest, config)
        return keras.Model(net.input, pooled, name="fixed"), rest

    return cut


def _solve(config):
    """A logistic regression on source features that are aligned with the target's."""

    def solve(net, source):
        train, held_out = source.held_out("train").arrays(), source.held_out("validation")
        validation = held_out.arrays() if len(held_out) else None
        target = train[0]["features"][train[1]["domain"] == 1]

        def aligned(inputs, targets):
            rows = targets["weight"] > 0  # the labelled source
            return {
                "features": correlation_alignment.coral(inputs["features"][rows], target)
            }, targets["label"][rows]

        judged = (
            aligned(*validation) if validation and (validation[1]["weight"] > 0).sum() > 1 else None
        )
        return heads.solve(net.get_layer("logits"), "logistic_regression", aligned(*train), judged)

    return solve
