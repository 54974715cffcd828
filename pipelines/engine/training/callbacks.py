"""Callbacks of a user: what is called at each step and epoch besides our own loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from pipelines.config import Config
from pipelines.errors import PipelineError
from pipelines.task import Method, Phase

# Of Keras, that hold nothing which a later epoch depends on.
STATELESS = (
    "CSVLogger",
    "TensorBoard",
    "ModelCheckpoint",
    "TerminateOnNaN",
    "RemoteMonitor",
    "Watch",
)


def checked(callbacks: Sequence[Any]) -> list[keras.callbacks.Callback]:
    """Raises PipelineError if one is no Keras callback."""
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise PipelineError(
                f"callbacks must be keras.callbacks.Callback; got {type(callback).__name__}."
                " Write callbacks=[keras.callbacks.CSVLogger('log.csv', append=True)]."
            )
    return list(callbacks)


def told(callbacks: Sequence[Any], method: Method, config: Any, stages: Sequence[Phase]) -> str:
    """What a user has to know of these callbacks, in a line; "" if nothing.

    Raises PipelineError if the method never calls any.
    """
    if not callbacks:
        return ""
    by_fit = [stage for stage in stages if not (stage.solve or stage.steps)]
    if method.fitted or not isinstance(config, Config) or not by_fit:
        raise PipelineError(
            f"callbacks= is for nets that are trained by gradients; {method.task}/{method.name}"
            " calls none. Leave them out."
        )
    names = [type(callback).__name__ for callback in callbacks]
    odd = [name for name in names if name not in STATELESS]
    if not odd:
        return ""
    return (
        f"{', '.join(odd)}: state of a callback is in no checkpoint, so if this run is stopped and"
        " resumed, it may end with other weights. Give the callbacks again: resume(...,"
        " callbacks=[...])."
    )
