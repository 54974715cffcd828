"""A phase: one stage of a training, as a task describes it to the engine."""

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.config import Config


@dataclass(frozen=True)
class Phase:
    """A stage with epochs, schedule, early stopping and best epoch of its own.

    config: the run's settings as they hold in this phase; `epochs` is the phase's. The engine takes
    epochs, monitor, patience, keep, and the learning rate that it notes down from it; batches and
    steps are the run's.
    begin: compiled model -> None, or a line to print. Called once before the phase, it sets what is
    trainable and compiles the model, maybe with another loss, so that nothing of an earlier phase
    is needed but the weights. None leaves the model as it is.
    cut: model -> (fixed, rest), after `begin`, where a part of the model does not change in this
    phase: two models that share its layers, `rest` compiled and with an input `features`, so that
    rest(fixed(inputs)) is what the model gives. The engine computes `fixed` once for each example,
    without augmentation, and trains `rest` on what it gave.
    solve: (rest, train, validation) -> None, or a line to print, where the weights of `rest` are
    found at once instead of by steps. train and validation are (inputs, targets), NumPy arrays of
    what `fixed` gave; validation may be None.
    """

    name: str
    config: Config
    begin: Callable | None = None
    cut: Callable | None = None
    solve: Callable | None = None
