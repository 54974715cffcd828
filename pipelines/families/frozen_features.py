"""Feature extraction: what a frozen net makes of each example is computed once, and a small head
reads it."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import fine_tuning, labelled, target_kinds

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

AUTO = ("auto",)  # of unfreeze: the head for an epoch, and all for the others
SOLVED = ("logistic_regression", "svm")  # heads that scikit-learn finds


@dataclass(frozen=True, kw_only=True)
class Config(fine_tuning.Config):
    """The shared settings, those of fine-tuning, and those of the head."""

    stages: ClassVar[tuple[str, ...]] = (*fine_tuning.Config.stages, *AUTO)

    epochs: int = setting(30, "passes over the training split", "epochs", low=1)
    learning_rate: float = setting(3e-3, "peak learning rate", low=0.0, high=10.0)
    unfreeze: tuple[str, ...] = setting(
        ("none",),
        "what each phase trains of the pretrained net: none, all, or how many of its blocks from"
        " the top",
    )
    head: str = setting(
        "linear",
        "what reads the features; the last two are found by scikit-learn instead of by steps, in a"
        " phase of `none`",
        choices=("linear", "mlp", "logistic_regression", "svm"),
    )
    hidden: int = setting(256, "units of the hidden layer of mlp", "units", low=1, high=16_384)
    regularisation: float = setting(
        0.0,
        "scikit-learn's C, more is less regularised; 0 takes the best of several on the validation"
        " split",
        low=0.0,
    )


def model(inputs, features, config, name):
    """Inputs by name and their features (B, F) out of a layer called `pool` -> a compiled model.

    It ends as `labelled.ended` has it.
    """
    x = labelled.ended(features, config, config.hidden * (config.head == "mlp"))
    return labelled.compiled(keras.Model(inputs, x, name=name), config)


def phases(config, augments=False):
    """Those of `fine_tuning`; if the pretrained net is frozen, its features are computed once,
    unless `augments`."""
    config = _planned(config, augments)
    if config.head in SOLVED and (augments or config.unfreeze[:1] != ("none",)):
        raise PipelineError(
            f"head={config.head} is found on features that stay as they are: begin with"
            " unfreeze=none, and leave augment_frozen false."
        )
    made = fine_tuning.phases(config, labelled.compiled)
    if augments:
        return made
    return [
        (
            dataclasses.replace(phase, cut=_cut(phase.config), solve=_solve(phase.config))
            if phase.config.unfreeze == ("none",)
            else phase
        )
        for phase in made
    ]


def _planned(config, augments):
    """`config` without `auto`: phases by the number of epochs, and a head that the first can
    find."""
    if config.unfreeze == AUTO:
        stages = ("none", "all") if config.epochs > 1 else ("none",)
        lengths = (1, config.epochs - 1) if config.epochs > 1 else ()
        config = config.replace(unfreeze=stages, phase_epochs=lengths)
    if config.head == "auto":
        is_solved = config.unfreeze[:1] == ("none",) and not augments
        config = config.replace(head="logistic_regression" if is_solved else "linear")
    return config


def _cut(config):
    def cut(net):
        pooled = net.get_layer("pool").output
        features = x = keras.Input(pooled.shape[1:], name="features")
        for layer in net.layers[net.layers.index(net.get_layer("pool")) + 1 :]:
            x = layer(x)
        rest = keras.Model({"features": features}, x, name="head")
        # A head that is solved for is not what its steps were, so they have no average worth
        # keeping.
        labelled.compiled(rest, config.replace(ema=0.0) if config.head in SOLVED else config)
        return keras.Model(net.input, pooled, name="fixed"), rest

    return cut


def _solve(config):
    if config.head not in SOLVED:
        return None

    def solve(net, source):
        train, validation = source.held_out("train"), source.held_out("validation")
        return target_kinds.of(config).solve(
            net.get_layer("logits"),
            config.head,
            (train.arrays(), validation.arrays() if len(validation) else None),
            config,
            config.regularisation,
        )

    return solve
