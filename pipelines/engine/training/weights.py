"""The trained model of a run as a file: a net as Keras writes it, a model of arrays as .npz."""

from __future__ import annotations

import hashlib
from pathlib import Path

import keras
import numpy as np

from pipelines.engine.training import checkpoint
from pipelines.errors import PipelineError
from pipelines.files import appearing
from pipelines.models.fitted import Fitted

NET, ARRAYS = "model.keras", "model.npz"


def file(folder: Path) -> Path:
    """Where the model of a run lies, or would."""
    return folder / ARRAYS if (folder / ARRAYS).is_file() else folder / NET


def write(model: keras.Model, folder: Path) -> None:
    """Writes the model of a run, whole or not at all."""
    with appearing(folder / (ARRAYS if isinstance(model, Fitted) else NET)) as part:
        if isinstance(model, Fitted):
            with open(part, "wb") as out:
                np.savez_compressed(out, **model.arrays)
        else:
            model.save(part, include_optimizer=False)


def read(folder: Path, model: keras.Model) -> keras.Model:
    """`model` with the weights of a run's file, which is read in safe mode.

    Raises PipelineError if there is none, or it cannot be loaded.
    """
    path = file(folder)
    if not path.is_file():
        raise PipelineError(
            f"{folder} has no model yet. `pipelines train --resume {folder}` finishes it."
        )
    try:
        if isinstance(model, Fitted):
            with np.load(path, allow_pickle=False) as found:
                model.assign(dict(found))
        else:
            loaded = keras.saving.load_model(path, compile=False, safe_mode=True)
            model.set_weights(loaded.get_weights())
    except (ValueError, TypeError, OSError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise PipelineError(f"{path} cannot be loaded safely: {reason} Train it again.") from error
    return model


def sha256(model: keras.Model) -> str:
    """SHA-256 of all weights, in the model's order."""
    digest = hashlib.sha256()
    is_net = not isinstance(model, Fitted)
    arrays = checkpoint.numpy(model.weights) if is_net else model.weights
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
