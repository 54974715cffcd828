"""The trained model of a run as a file: a net as Keras writes it, a model of arrays as .npz."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import h5py
import keras
import numpy as np

from pipelines.engine.training import checkpoint
from pipelines.engine.training.commands import resuming
from pipelines.errors import PipelineError
from pipelines.files import appearing
from pipelines.models.fitted import Fitted
from pipelines.records import DENSE, FREE, read_arrays, small_archive

NET, ARRAYS = "model.keras", "model.npz"
WEIGHTS = "model.weights.h5"  # within Keras's archive
FULL = (errno.EFBIG, errno.ENOSPC, errno.EDQUOT)  # the scratch copy could not be written
DAMAGED = (  # what Keras, h5py and zipfile raise on files that are not whole
    *(ValueError, TypeError, OSError, KeyError, RuntimeError, AttributeError, EOFError),
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, MemoryError, OverflowError),
)


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
            with _bare(model):
                model.save(part)


@contextlib.contextmanager
def _bare(model: keras.Model) -> Iterator[None]:
    """Within it, a model is as it was before it was compiled: its file needs layers, and no more.

    An optimizer that knows some variables of this process by their number cannot be read again.
    """
    if not model.compiled:
        yield
        return
    optimizer = model.optimizer
    model.optimizer, model.compiled = None, False
    try:
        yield
    finally:
        model.optimizer, model.compiled = optimizer, True


def read(folder: Path, model: keras.Model) -> keras.Model:
    """`model` with the weights of a run's file; of it, numbers alone are read.

    Raises PipelineError if there is none, or it cannot be loaded.
    """
    path = file(folder)
    if not path.is_file():
        raise PipelineError(f"{folder} has no model yet. `{resuming(folder)}` finishes it.")
    if isinstance(model, Fitted):
        model.assign(read_arrays(path))
        return model
    absent = [model.optimizer] if model.compiled else []
    try:
        with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
            # Keras warns of layers that it leaves as they are.
            warnings.simplefilter("error", UserWarning)
            plain = _extracted(path, Path(scratch))
            # The layers that the file describes are not made; an optimizer is not in it.
            model.load_weights(plain, objects_to_skip=absent)
    except UserWarning as error:
        raise PipelineError(
            f"{path} cannot be loaded safely: it has other layers than this model. Train it again."
        ) from error
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise PipelineError(
                f"cannot write to {tempfile.gettempdir()}: {os.strerror(error.errno)}. Free some"
                " space, or set TMPDIR to another folder."
            ) from error
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise PipelineError(f"{path} cannot be loaded safely: {reason} Train it again.") from error
    return model


def _extracted(path: Path, folder: Path) -> Path:
    """The weights out of an archive of Keras's, as a file in `folder`.

    Raises ValueError if they would become out of all proportion in the memory.
    """
    with zipfile.ZipFile(path) as archive:
        small_archive(archive, path.stat().st_size)
        plain = Path(archive.extract(WEIGHTS, folder))
    sizes: list[int] = []
    with h5py.File(plain, "r") as file:
        file.visititems(lambda _, item: sizes.append(getattr(item, "nbytes", 0)))
    if sum(sizes) > max(FREE, DENSE * path.stat().st_size):
        raise ValueError(f"its weights would take {sum(sizes):,} bytes.")
    return plain


def sha256(model: keras.Model) -> str:
    """SHA-256 of all weights, in the model's order."""
    digest = hashlib.sha256()
    is_net = not isinstance(model, Fitted)
    arrays = checkpoint.numpy(model.weights) if is_net else model.weights
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
