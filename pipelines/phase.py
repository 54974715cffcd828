"""A phase: one stage of a training, as a task describes it to the engine."""

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.config import Config


@dataclass(frozen=True)
class Phase:
    """A stage with epochs, schedule, early stopping and best epoch of its own.

    config: the run's settings as they hold in this phase; `epochs` is the phase's. The engine takes epochs, monitor,
    patience, keep, and the learning rate that it notes down from it; batches and steps are the run's.
    begin: compiled model -> None, or a line to print. Called once before the phase, it sets what is trainable and
    compiles the model, maybe with another loss, so that nothing of an earlier phase is needed but the weights. None
    leaves the model as it is.
    """

    name: str
    config: Config
    begin: Callable | None = None
