"""Weights out of PyTorch's old file format, a chain of pickles, without PyTorch and without running anything in it."""

import collections
import math
import os
import pickle
import struct

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
)
ERRORS += (MemoryError, OverflowError, RecursionError)
TYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}


def read(path):
    """A file of `torch.save(model.state_dict())` in the format before PyTorch 1.6 -> {name: array}.

    Raises PipelineError where the file is damaged, or asks for anything but tensors: that is never
    called.
    """
    try:
        with open(path, "rb") as file:
            return _tensors(file)
    except ERRORS as error:
        raise _bad(path, f"is damaged ({' '.join(str(error).split())})") from error
    except pickle.UnpicklingError as error:
        raise _bad(path, str(error)) from error


def _bad(path, what):
    return PipelineError(
        f"{path} {what}: none of its weights were read. Install the package that it came with"
        " again."
    )


def _tensors(file):
    if (
        _Plain(file).load() != MAGIC
        or _Plain(file).load() != PROTOCOL
        or not _Plain(file).load()["little_endian"]
    ):
        raise ValueError("it is not in this format")
    described = {name: _Tensor(*given) for name, given in _Plain(file).load().items()}
    storages, size = {}, os.fstat(file.fileno()).st_size
    for key in _Plain(file).load():
        kind, count = _storage(described, key)
        (stored,) = struct.unpack("<q", file.read(8))
        if stored != count or not 0 <= count * np.dtype(kind).itemsize <= size - file.tell():
            raise ValueError(f"storage {key} has not the {count} values that it should have")
        storages[key] = np.frombuffer(file.read(count * np.dtype(kind).itemsize), kind, count)
    # Views of one another would be small in the file and large in memory.
    if sum(math.prod(t.shape) for t in described.values()) > sum(map(len, storages.values())):
        raise ValueError("its tensors have more values than it holds")
    return {name: tensor.of(storages) for name, tensor in described.items()}


def _storage(described, key):
    """(type, count) of a storage, as the tensors in it say."""
    said = {(t.kind, t.count) for t in described.values() if t.key == key}
    if len(said) != 1:
        raise ValueError(f"storage {key} is described in {len(said)} ways")
    return said.pop()


class _Tensor:
    """A tensor before its values are there: a view of a storage."""

    def __init__(self, storage, offset, shape, strides, *_):
        _, kind, self.key, _, self.count, _ = storage
        self.kind, self.offset, self.shape, self.strides = (
            TYPES[kind],
            offset,
            tuple(shape),
            tuple(strides),
        )
        last = offset + sum(
            (n - 1) * step for n, step in zip(self.shape, self.strides, strict=True)
        )
        if (
            min((offset, self.count, *self.shape, *self.strides)) < 0
            or math.prod(self.shape) > self.count
        ):
            raise ValueError("a tensor has an impossible shape")
        if math.prod(self.shape) and last >= self.count:
            raise ValueError("a tensor reaches beyond its storage")

    def of(self, storages):
        values = storages[self.key]
        steps = [step * values.itemsize for step in self.strides]
        view = np.lib.stride_tricks.as_strided(
            values[self.offset :], self.shape, steps, writeable=False
        )
        return np.ascontiguousarray(view).reshape(self.shape)


class _Plain(pickle.Unpickler):
    """Unpickles tensors, ordered dictionaries and plain values; any other name is refused before it is looked up."""

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda *given: (
                given
            )  # plain values: a class could be changed from within the file
        if module == "torch" and name in TYPES:
            return name
        raise pickle.UnpicklingError(f"holds {module}.{name}, which is no tensor")

    def persistent_load(self, pid):
        return pid
