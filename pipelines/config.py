"""The settings that methods share: frozen dataclasses whose field metadata is the command line's
help."""

import collections.abc
import dataclasses
import types
from dataclasses import dataclass
from typing import ClassVar

from pipelines import elsewhere, values
from pipelines.errors import PipelineError, nearest


def setting(default, help, unit="", low=None, high=None, choices=None, multiple_of=None):
    """A `Config` field with its help, unit and range; the range is checked when a Config is
    made."""
    metadata = dict(
        help=help, unit=unit, low=low, high=high, choices=choices, multiple_of=multiple_of
    )
    return dataclasses.field(default=default, metadata=metadata)


def _nothing():
    return types.MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What all settings can do. Made from user input, changed with `replace`; never mutated."""

    # What a method took from the training split and no one sets: {name: list of str, or array},
    # such as a vocabulary.
    learned: collections.abc.Mapping = dataclasses.field(
        default_factory=_nothing, repr=False, compare=False
    )

    def __post_init__(self):
        for field in settings(type(self)):
            object.__setattr__(self, field.name, values.checked(field, getattr(self, field.name)))

    def replace(self, **changes):
        """A copy with `changes`. Raises PipelineError on an unknown name or a value out of
        range."""
        known = {field.name for field in settings(type(self))}
        for name in changes:
            if name not in known:
                advice = elsewhere.here(name, known) or nearest(name, known)
                raise PipelineError(f"unknown setting {name!r}. {advice}")
        return dataclasses.replace(self, **changes)

    def lasting(self, epochs):
        """A copy that trains for so many epochs, with whatever else tells their number."""
        return self.replace(epochs=epochs)

    def extended(self, epochs):
        """A copy that trains until so many epochs are done in all; its last phase is longer."""
        return self.replace(epochs=epochs)

    def as_dict(self):
        """Plain values for YAML and JSON: tuples become lists."""
        values = ((field.name, getattr(self, field.name)) for field in settings(type(self)))
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values}

    def having(self, learned):
        """A copy that also knows `learned`, {name: list of str, or array}."""
        return dataclasses.replace(
            self, learned=types.MappingProxyType({**self.learned, **learned})
        )


@dataclass(frozen=True, kw_only=True)
class _Data(Settings):
    """Settings of every run: its data, and what is made of it."""

    seed: int = setting(
        0, "seed of everything random: weights, order, augmentation, dropout", low=0, high=2**31 - 1
    )
    on_bad_data: str = setting(
        "refuse",
        "what training does about data that the audit calls an error",
        choices=("refuse", "skip"),
    )
    format: str = setting("auto", "format of the data; auto detects it (see `pipelines audit`)")
    cache: str = setting(
        "auto",
        "keep parsed examples in memory; auto does if they fit in `cache_mb`",
        choices=("auto", "memory", "off"),
    )
    cache_mb: int = setting(2048, "most memory that cache=auto takes for one split", "MB", low=0)
    calibration_examples: int = setting(
        200, "training examples that set the ranges of the int8 file", "examples", low=1
    )
    labels: tuple[str, ...] = setting(
        (), "class names in the order of their ids; empty takes them from the data"
    )


@dataclass(frozen=True, kw_only=True)
class _Steps(Settings):
    """Settings of a training that takes steps, whatever a step is."""

    epochs: int = setting(10, "passes over the training split", "epochs", low=1)
    minutes: float = setting(
        0.0,
        "time that training may take: as many epochs as fit, at most `epochs` if that is named too;"
        " 0 leaves it to `epochs`",
        "minutes",
        low=0.0,
    )
    batch_size: int = setting(
        32, "examples per step; 0 takes all, as batch gradient descent does", "examples", low=0
    )
    steps_per_epoch: int = setting(
        0, "steps per epoch; 0 takes what one pass over the training split needs", "steps", low=0
    )
    monitor: str = setting(
        "val_loss", "what decides which epoch is kept: val_loss or val_ and a metric's name"
    )
    keep: str = setting(
        "best",
        "weights kept at the end: of the best epoch by `monitor`, or of the last",
        choices=("best", "last"),
    )
    patience: int = setting(
        0,
        "stop after this many epochs without a better `monitor`; 0 never stops early",
        "epochs",
        low=0,
    )
    checkpoint_steps: int = setting(
        500,
        "steps between checkpoints, besides one at every epoch; 0 is only at epochs",
        "steps",
        low=0,
    )
    keep_checkpoints: int = setting(
        2, "how many of the latest checkpoints stay on disk", "files", low=1, high=1000
    )


@dataclass(frozen=True, kw_only=True)
class _Gradients(Settings):
    """Settings of steps that follow a gradient."""

    optimizer: str = setting(
        "adamw", "update rule", choices=("adamw", "adam", "sgd", "rmsprop", "lion")
    )
    learning_rate: float = setting(1e-3, "peak learning rate", low=0.0, high=10.0)
    schedule: str = setting(
        "cosine",
        "learning rate after the warm-up; linear is constant and then falls straight",
        choices=("constant", "step", "exponential", "cosine", "linear"),
    )
    decay_rate: float = setting(0.1, "factor of one decay (step, exponential)", low=0.0, high=1.0)
    decay_epochs: float = setting(
        0.0,
        "from one decay to the next (step, exponential; 0: a third of all); length of the fall"
        " (linear; 0: a half)",
        "epochs",
        low=0.0,
    )
    final_share: float = setting(
        0.0, "share of the peak that is left at the end (cosine, linear)", low=0.0, high=1.0
    )
    warmup_epochs: float = setting(1.0, "linear rise from zero to the peak", "epochs", low=0.0)
    clip_norm: float = setting(0.0, "clip the global gradient norm; 0 is off", low=0.0)
    weight_decay: float = setting(
        1e-4, "decoupled weight decay of matrices and kernels", low=0.0, high=1.0
    )
    momentum: float = setting(0.9, "momentum of sgd and rmsprop", low=0.0, high=0.9999)
    ema: float = setting(
        0.0,
        "decay of the moving average of the weights, which then is what is kept; 0 is off",
        low=0.0,
        high=0.99999,
    )
    precision: str = setting(
        "float32", "arithmetic of training", choices=("float32", "mixed_float16", "mixed_bfloat16")
    )
    jit_compile: str = setting("auto", "XLA compilation of the step", choices=("auto", "on", "off"))
    start_from: str = setting(
        "",
        "weights to start from: the folder of a run or of a bundle, or a .keras file; those are"
        " taken whose layer and shape fit, so classes may be others",
    )
    data_service: str = setting(
        "", "host:port of a tf.data service whose workers prepare batches; empty: none"
    )
    devices: int = setting(
        1, "devices that share each batch, with the JAX backend", "devices", low=1
    )


# A dataclass lists the fields of its last base first, and help follows that order.


@dataclass(frozen=True, kw_only=True)
class Config(_Data, _Gradients, _Steps):
    """Settings of a run that trains a net by gradients."""


@dataclass(frozen=True, kw_only=True)
class SteppedConfig(_Data, _Steps):
    """Settings of a run with steps of its own, such as those of an agent in an environment."""

    precision: ClassVar[str] = "float32"
    data_service: ClassVar[str] = ""
    start_from: ClassVar[str] = ""
    devices: ClassVar[int] = 1
    learning_rate: ClassVar[float] = 0.0


@dataclass(frozen=True, kw_only=True)
class FittedConfig(_Data):
    """Settings of a model that is found at once, such as counts: the training is one step."""

    epochs: ClassVar[int] = 1
    minutes: ClassVar[float] = 0.0
    steps_per_epoch: ClassVar[int] = 1
    batch_size: ClassVar[int] = 64  # examples that are judged at a time
    monitor: ClassVar[str] = ""
    keep: ClassVar[str] = "last"
    patience: ClassVar[int] = 0
    checkpoint_steps: ClassVar[int] = 0
    keep_checkpoints: ClassVar[int] = 1
    precision: ClassVar[str] = "float32"
    data_service: ClassVar[str] = ""
    start_from: ClassVar[str] = ""
    devices: ClassVar[int] = 1
    learning_rate: ClassVar[float] = 0.0


def settings(config_class: type) -> list[dataclasses.Field]:
    """The fields of a Config class that can be set, in the order of their definition."""
    return [field for field in dataclasses.fields(config_class) if "help" in field.metadata]


def describe(field: dataclasses.Field) -> str:
    """One field's help line: meaning, unit, range, default."""
    default = field.default
    if isinstance(default, tuple):
        default = ",".join(map(str, default))
    shown = f"default {default}" if default != "" else "default: none"
    allowed = _allowed(field.metadata)
    return f"{field.metadata['help']} [{f'{allowed}; ' if allowed else ''}{shown}]"


def _allowed(metadata: collections.abc.Mapping) -> str:
    """The choices, or the range with its unit, as help shows them."""
    if metadata["choices"]:
        return " | ".join(map(str, metadata["choices"]))
    ends = (metadata["low"], metadata["high"])
    if ends == (None, None):
        return metadata["unit"]
    low, high = ("" if end is None else str(end).removesuffix(".0") for end in ends)
    return f"{low}..{high}{values.unit(metadata)}"
