"""A model of arrays, `model.npz`, as a function of named arrays: NumPy alone runs it."""

import zipfile
import zlib
from os import PathLike
from types import ModuleType

import numpy as np

from .litert import SERVE


class Arrays:
    """The arrays of a file, and a module whose `run(arrays, inputs, program)` computes with them.

    Raises ValueError in one line if the file cannot be read.
    """

    def __init__(self, path: str | PathLike, module: ModuleType):
        self._module = module
        try:
            with np.load(path, allow_pickle=False) as file:
                self._arrays = dict(file)
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"{path} cannot be read: {reason}") from error

    def __call__(
        self, inputs: dict[str, np.ndarray], program: str = SERVE
    ) -> dict[str, np.ndarray]:
        """{name: array (N, ...)} -> {name: array (N, ...)} of a program."""
        return self._module.run(self._arrays, inputs, program)
