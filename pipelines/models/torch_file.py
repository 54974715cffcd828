"""Weights out of PyTorch's old file format, a chain of pickles.

PyTorch is not needed, and nothing in the file is run.
"""

import collections
import math
import os
import pickle
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from pipelines.errors import PipelineError

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # of torch.save before version 1.6
ERRORS = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    struct.error,
    MemoryError,
    OverflowError,
    RecursionError,
)
TYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}


def read(path: Path | str) -> dict[str, np.ndarray]:
    """A file of `torch.save(model.state_dict())` in the format before PyTorch 1.6 -> {name: array}.

    Raises PipelineError if the file is damaged, or asks for anything but tensors: that is never
    called.
    """
    try:
        with open(path, "rb") as file:
            return _tensors(file)
    except ERRORS as error:
        raise _bad(path, f"is damaged ({' '.join(str(error).split())})") from error
    except pickle.UnpicklingError as error:
        raise _bad(path, str(error)) from error


def _bad(path: Path | str, what: str) -> PipelineError:
    return PipelineError(
        f"{path} {what}: none of its weights were read. Install the package that it came with"
        " again."
    )


def _tensors(file: BinaryIO) -> dict[str, np.ndarray]:
    for wanted in (MAGIC, PROTOCOL):
        if _Plain(file).load() != wanted:
            raise ValueError("it is not in this format")
    if not _Plain(file).load()["little_endian"]:
        raise ValueError("it is not in this format")
    described = {name: _Tensor(*given) for name, given in _Plain(file).load().items()}
    storages = {}
    for key in _Plain(file).load():
        storages[key] = _read_storage(file, key, *_storage(described, key))
    # Views of one another would be small in the file and large in memory.
    values = sum(math.prod(tensor.shape) for tensor in described.values())
    if values > sum(map(len, storages.values())):
        raise ValueError("its tensors have more values than it holds")
    return {name: tensor.of(storages) for name, tensor in described.items()}


def _read_storage(file: BinaryIO, key: str, kind: str, count: int) -> np.ndarray:
    """The next `count` values of the file. No more is read than it has."""
    (stored,) = struct.unpack("<q", file.read(8))
    length = count * np.dtype(kind).itemsize
    left = os.fstat(file.fileno()).st_size - file.tell()
    if stored != count or not 0 <= length <= left:
        raise ValueError(f"storage {key} has not the {count} values that it should have")
    return np.frombuffer(file.read(length), kind, count)


def _storage(described: dict[str, "_Tensor"], key: str) -> tuple[str, int]:
    """(type, count) of a storage, as the tensors in it say."""
    said = {(t.kind, t.count) for t in described.values() if t.key == key}
    if len(said) != 1:
        raise ValueError(f"storage {key} is described in {len(said)} ways")
    return said.pop()


class _Tensor:
    """A tensor before its values are there: a view of a storage."""

    def __init__(
        self, storage: tuple, offset: int, shape: Sequence[int], strides: Sequence[int], *_
    ):
        _, kind, self.key, _, self.count, _ = storage
        self.kind, self.offset = TYPES[kind], offset
        self.shape, self.strides = tuple(shape), tuple(strides)
        values = math.prod(self.shape)
        least = min((offset, self.count, *self.shape, *self.strides))
        if least < 0 or values > self.count:
            raise ValueError("a tensor has an impossible shape")
        steps = zip(self.shape, self.strides, strict=True)
        last = offset + sum((n - 1) * step for n, step in steps)
        if values and last >= self.count:
            raise ValueError("a tensor reaches beyond its storage")

    def of(self, storages: dict[str, np.ndarray]) -> np.ndarray:
        values = storages[self.key][self.offset :]
        steps = [step * values.itemsize for step in self.strides]
        view = np.lib.stride_tricks.as_strided(values, self.shape, steps, writeable=False)
        return np.ascontiguousarray(view).reshape(self.shape)


class _Plain(pickle.Unpickler):
    """Unpickles tensors, ordered dictionaries and plain values.

    Any other name is refused before it is looked up.
    """

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            # Plain values: a class could be changed from within the file.
            return lambda *given: given
        if module == "torch" and name in TYPES:
            return name
        raise pickle.UnpicklingError(f"holds {module}.{name}, which is no tensor")

    def persistent_load(self, pid: Any) -> Any:
        return pid
