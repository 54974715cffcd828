"""Labels, or numbers, of examples: settings, loss, answers and metrics of such methods."""

import copy
from dataclasses import dataclass
from typing import ClassVar

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import mirroring, target_kinds
from pipelines.families.target_kinds import numbers, one_class, reading
from pipelines.task import Method

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines import canvas, optimization
    from pipelines.models import heads
    from pipelines.ops import images


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Settings of every method that gives a label: what classes weigh, and how sure an answer
    is."""

    label_smoothing: ClassVar[float] = 0.0

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
class PictureConfig(Config, mirroring.Config, target_kinds.Config):
    """Settings of the target, of the loss, and of how pictures are changed at random."""

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
    """One class an example, several labels, or numbers, whatever an example is; see
    `target_kinds`."""

    scores = one_class.OneClass.scores
    _answers: tuple[str, ...] = (target_kinds.CLASS,)  # what it can learn

    def for_target(self, config):
        """The method, with other scores if it learns no class."""
        if target_kinds.kind(config) == target_kinds.CLASS:
            return self
        made = copy.copy(self)
        made.scores = target_kinds.of(config).scores
        return made

    def adapt(self, data, config):
        """Data with `label`, a class or a list of labels, or `value`, numbers; see `reading`."""
        made = reading.adapted(data, config, self._answers)
        has_lists = any(map(reading.is_several, made.splits.values()))
        if has_lists and target_kinds.LABELS not in self._answers:
            raise PipelineError(
                f"{data.source} has several labels for each example, and {self.name} learns one"
                " class. Choose another method."
            )
        return made

    def learn(self, examples, config):
        """What kind of target it is, if it is not a class, and how numbers are scaled."""
        values = examples.columns.get("value")
        if values is not None:
            names = getattr(config, "target", ()) or ("value",)
            return {
                "answer": [target_kinds.NUMBERS],
                **numbers.learned(values, names, config.angles),
            }
        is_several = reading.is_several(examples)
        return {"answer": [target_kinds.LABELS]} if is_several else {}

    def learns(self, config):
        """One class, several labels, or numbers."""
        return target_kinds.said(config)

    def floor(self, part, config):
        """What the best constant answer reaches."""
        return target_kinds.of(config).floor(part, config)

    def truth(self, targets, config):
        """The target of one example as `decode` should give it."""
        return target_kinds.of(config).truth(targets, config)

    def calibrate(self, model, answers, config):
        """Factor of the logits, or thresholds of labels, as the validation split bears them out."""
        if not (isinstance(config, Answers) and config.calibrated):
            return {}
        return target_kinds.of(config).calibrate(model, answers, config)

    def decode(self, outputs, config):
        """Outputs of the net -> what a person wants, by the kind of target."""
        return target_kinds.of(config).decode(outputs, config)

    def raw(self, decoded, config):
        """The outputs that decode to an answer, by the kind of target."""
        return target_kinds.of(config).raw(decoded, config)

    def metrics(self, config):
        """The first one named is what an exported file is judged by."""
        return target_kinds.of(config).metrics(config)


class LabelledPictures(Labelled):
    """The same of pictures."""

    def parse(self, example, config):
        """{"image": uint8 (H, W, 3), "label" or "value"} -> ({"image": uint8 (S, S, 3)},
        target)."""
        image = images.resize(example["image"], config.image_size)
        return {"image": image}, target_kinds.of(config).parse(example, config)

    def augment(self, inputs, targets, seed, progress, config):
        """Random change of a batch; see `ops.images`. seed: int (2,); progress: share of the run
        done, in [0, 1)."""
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
        """One picture (S, S, 3) with what was found and, if it is given, what is true."""
        caption = target_kinds.of(config).caption(decoded, config, targets)
        return canvas.captioned(inputs["image"], caption.lines, caption.colour)


def ended(x, config, hidden=0):
    """Features (B, F) -> outputs of the net: a layer between if `hidden`, dropout, `logits`, and
    what the kind of target has behind them.
    """
    kind = target_kinds.of(config)
    layers = heads.layers(kind.width(config), hidden, config.dropout, config.seed)
    for layer in [*layers, *kind.after(config)]:
        x = layer(x)
    return x


def compiled(net, config, rates=(), pull=0.0):
    """`net`, which ends as `ended` has it, with its loss; rates, pull: see
    `optimization.optimizer`."""
    kind = target_kinds.of(config)
    loss, metrics = kind.loss(config), kind.trained(config)
    optimization.compile(net, config, rates, pull, loss=loss, metrics=metrics)
    return net
