"""Fine-tuning of a pretrained net in phases: what is frozen, for how long, at which rates."""

import itertools
import math
import re
from dataclasses import dataclass
from typing import ClassVar

from etils import epy

from pipelines import config as shared
from pipelines import terminal
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.models import sources
from pipelines.task import Phase

with epy.lazy_imports():
    import keras

OF_PHASES = (
    "phase_epochs",
    "phase_rates",
    "backbone_rate",
    "block_rate",
    "l2_sp",
)  # without phases nothing heeds them


NUMBERS = tuple(map(str, range(1, 1000)))  # of blocks
WORTH_FROM = 160  # pixels of a side


@dataclass(frozen=True, kw_only=True)
class Config(shared.Config):
    """The shared settings, and those of tasks with a pretrained net inside; without `unfreeze`, all
    trains at once."""

    stages: ClassVar[tuple[str, ...]] = ("none", "all")  # words that unfreeze takes

    unfreeze: tuple[str, ...] = setting(
        (),
        "what each phase trains of the pretrained net: none, all, or how many of its blocks from"
        " the top",
    )
    phase_epochs: tuple[int, ...] = setting(
        (), "of each phase; they add up to the run's", "epochs", low=0
    )
    phase_rates: tuple[float, ...] = setting(
        (), "peak learning rate of each phase; empty takes learning_rate", low=0.0, high=10.0
    )
    backbone_rate: float = setting(
        1.0, "learning rate of the pretrained net as a share of the rest's", low=0.0, high=1.0
    )
    block_rate: float = setting(
        1.0,
        "factor of the learning rate from one block of the pretrained net to the next lower one",
        low=0.0,
        high=1.0,
    )
    l2_sp: float = setting(
        0.0,
        "decay of the pretrained net's weights towards where a phase began; 0 decays to zero",
        low=0.0,
        high=10.0,
    )
    freeze_norm: bool = setting(
        True, "batch normalisation of the pretrained net keeps its statistics and scales"
    )

    def __post_init__(self):
        super().__post_init__()
        for what in self.unfreeze:
            if what not in (*self.stages, *NUMBERS):
                raise PipelineError(
                    f"unfreeze takes {', '.join(self.stages)}, or a number of blocks for each"
                    f" phase; got {what!r}. Try none,all."
                )
        for name in ("phase_epochs", "phase_rates"):
            given = getattr(self, name)
            if given and len(given) != max(1, len(self.unfreeze)):
                raise PipelineError(
                    f"{name} needs one value for each phase of unfreeze: {len(self.unfreeze)}; got"
                    f" {len(given)}."
                )
        self._set_epochs()

    def lasting(self, epochs):
        """A copy that trains for so many epochs, shared among its phases as they are now."""
        if not self.phase_epochs:
            return super().lasting(epochs)
        ends = [
            round(epochs * end / self.epochs) for end in itertools.accumulate(self.phase_epochs)
        ]
        lengths = [end - begin for begin, end in itertools.pairwise([0, *ends])]
        if any(
            kept and not length for kept, length in zip(self.phase_epochs, lengths, strict=True)
        ):
            raise PipelineError(
                f"{epochs} epochs are too few for the phases {', '.join(self.unfreeze)}: name"
                " phase_epochs."
            )
        return self.replace(phase_epochs=tuple(lengths))

    def extended(self, epochs):
        """A copy that trains until so many epochs are done in all; its last phase is longer."""
        if not self.phase_epochs:
            return super().extended(epochs)
        earlier = self.phase_epochs[:-1]
        return self.replace(phase_epochs=(*earlier, epochs - sum(earlier)))

    def _set_epochs(self):
        """The run's epochs are those of its phases together."""
        if self.phase_epochs and not sum(self.phase_epochs):
            raise PipelineError(
                "phase_epochs add up to 0: nothing would be trained. Give one phase an epoch."
            )
        if self.phase_epochs:
            object.__setattr__(self, "epochs", sum(self.phase_epochs))
        elif len(self.unfreeze) > 1:
            lengths = ",".join(["5"] * len(self.unfreeze))
            raise PipelineError(
                f"unfreeze names {len(self.unfreeze)} phases: say how long each is, as in"
                f" phase_epochs={lengths}."
            )


def worth(side):
    """Whether the pretrained net for pictures is installed, and pictures of `side` px large enough
    for it to be worth its time."""
    return bool(sources.EFFICIENTNET_LITE0.installed()) and side >= WORTH_FROM


def begun(config, **wanted):
    """`config` with the settings `wanted`, less those that the user has set already."""
    defaults = {field.name: field.default for field in shared.settings(type(config))}
    free = {k: v for k, v in wanted.items() if getattr(config, k) == defaults[k]}
    return config.replace(**free)


def phases(config, compiled, besides=()):
    """The phases that `config` describes; a phase of no epochs is left out.

    compiled: (model, config, rates, pull) -> None, compiles with the task's loss; the last two are
    for `optimization.optimizer`. besides: settings of phases that the task heeds without them, too.
    Raises PipelineError for settings that nothing would heed; the phases do if the model holds
    no pretrained net.
    """
    if not config.unfreeze:
        _refuse_unheeded(config, besides)
        return [Phase("train", config)]
    made = []
    lengths = config.phase_epochs or (config.epochs,)
    rates = config.phase_rates or (config.learning_rate,) * len(lengths)
    for what, epochs, rate in zip(config.unfreeze, lengths, rates, strict=True):
        own = dict(epochs=epochs, learning_rate=rate, unfreeze=(what,))
        if epochs:
            phase = config.replace(**own, phase_epochs=(), phase_rates=())
            made.append(_phase(what, phase, compiled))
    return made


def _refuse_unheeded(config, besides):
    """Raises PipelineError for a setting of phases, if there are none to heed it."""
    names = set(OF_PHASES) - set(besides)
    fields = [field for field in shared.settings(type(config)) if field.name in names]
    for field in fields:
        if getattr(config, field.name) != field.default:
            raise PipelineError(
                f"{field.name} is a setting of phases: name one, as in unfreeze=all."
            )


def _phase(what, config, compiled):
    def begin(model):
        rates, rows = _unfrozen(model, what, config)
        compiled(model, config, rates, config.l2_sp)
        table = terminal.table(rows, ["block", "parameters", "trained", "learning rate"])
        epochs = f"{config.epochs} epoch{'s' if config.epochs > 1 else ''}"
        return f"{name_of(what)}, {epochs}\n{table}"

    return Phase(name_of(what), config, begin)


def _unfrozen(model, what, config):
    """Sets what is trainable -> ([(variable, factor of its rate)], rows of a table, from the input
    up)."""
    net = trunk(model)
    found, never = blocks(net), getattr(net, "never_trained", ())
    count = int({"none": 0, "all": len(found)}.get(what, what))
    for layer in model._flatten_layers():
        layer.trainable = True
    rates, rows = [], []
    for depth, (name, block) in enumerate(reversed(found.items())):
        factor = config.backbone_rate * config.block_rate**depth
        for layer in block:
            _set(layer, depth < count and layer.name not in never, config.freeze_norm)
        own = [v for layer in block for v in layer.trainable_variables]
        rates += [(v, factor) for v in own]
        rows.append(_row(name, block, own, config.learning_rate * factor))
    head = _total(model.trainable_variables) - _total(v for v, _ in rates)
    rows.insert(0, ["head", f"{head:,}", f"{head:,}", f"{config.learning_rate:.2g}"])
    return rates, rows[::-1]


def _row(name, block, variables, rate):
    """A row of the table: a block, its parameters, those that are trained, and their rate."""
    total, trained = sum(layer.count_params() for layer in block), _total(variables)
    return [name, f"{total:,}", f"{trained:,}", f"{rate:.2g}" if trained else "–"]


def _total(variables):
    """Parameters of some variables."""
    return sum(map(_size, variables))


def name_of(what):
    """A phase's name: none -> head, all -> all, 6 -> top 6."""
    return {"none": "head", "all": "all"}.get(what, f"top {what}")


def trunk(model):
    """The pretrained net within a model; layers it calls `never_trained` are not. Raises
    PipelineError without one."""
    nets = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    if not nets:
        raise PipelineError(
            "unfreeze needs a pretrained net inside the model, and there is none. Name one, such as"
            " efficientnet_lite0."
        )
    # A head may be a net, too, and larger than the pretrained one.
    net = max(nets, key=lambda net: (not _is_fresh(net), net.count_params()))
    if _is_fresh(net):
        raise PipelineError(
            f"unfreeze needs a pretrained net, and {net.name} begins with random weights. Name one"
            " with its weights, such as efficientnet_lite0, or leave unfreeze empty."
        )
    return net


def _is_fresh(net):
    """Whether a net is marked as one that began with random weights."""
    return getattr(net, "fresh", False)


def blocks(net):
    """{name: layers with weights} of a net, from the input up: by the number in the layers' names,
    as in `block2a_bn`.

    What comes before the first number is `stem`, what comes without one behind it `top`.
    """
    found = {}
    for layer in net.layers:
        if not layer.weights:
            continue
        numbered = re.match(r".*?\d+[a-z]?(?=_|/|$)", layer.name)
        name = numbered[0] if numbered else "top" if set(found) - {"stem"} else "stem"
        found.setdefault(name, []).append(layer)
    return found


def _set(layer, trainable, freeze_norm):
    for inner in layer._flatten_layers():
        inner.trainable = trainable and not (
            freeze_norm and isinstance(inner, keras.layers.BatchNormalization)
        )


def _size(variable):
    return math.prod(variable.shape)
