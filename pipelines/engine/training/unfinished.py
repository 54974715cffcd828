"""The model of a run that was stopped: that of its best epoch so far, or of its last checkpoint."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras

from pipelines.engine.training import checkpoint, fit
from pipelines.engine.training.commands import resuming
from pipelines.engine.training.loop import CHECKPOINTS, best_files
from pipelines.errors import PipelineError
from pipelines.models.fitted import Fitted


def read(folder: Path, model: keras.Model | Fitted, config: Any) -> keras.Model:
    """`model` with the weights of a run that has no model yet; says on standard error which.

    Raises PipelineError if there is no checkpoint.
    """
    best = best_files(folder / CHECKPOINTS)
    newest = None if isinstance(model, Fitted) else fit.newest(folder / CHECKPOINTS)
    if best and config.keep == "best":
        arrays, state = checkpoint.load(best[-1], {"epoch": int})
        checkpoint.assign(model.weights, arrays, best[-1])
        which = f"its best epoch so far, {state['epoch']} of {config.epochs}"
    elif newest:
        path, arrays, state = newest
        # Its first arrays are the model's; see `checkpoint.variables`.
        variables = checkpoint.lasting(model, model)[: len(model.variables)]
        checkpoint.assign(variables, arrays[: len(variables)], path)
        which = f"step {state['step']} of {config.epochs * config.steps_per_epoch}"
    else:
        raise PipelineError(
            f"{folder} has no model yet, and no checkpoint. `{resuming(folder)}` trains it."
        )
    print(
        f"note: {folder} was stopped before its end; this is the model of {which}."
        f" `{resuming(folder)}` goes on with it; with --finish it ends here.",
        file=sys.stderr,
    )
    return model
