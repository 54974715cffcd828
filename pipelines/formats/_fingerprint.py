"""The fingerprint of a data set: one SHA-256 over its names, its classes and every column."""

import functools
import hashlib
import os
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Protocol

import numpy as np

PLAIN = frozenset((NoneType, bool, int, float, str))  # `ascii` writes no two of these alike
BLOCK = 1000  # examples that are written down at once: bounds the memory that it takes


class Columns(Protocol):
    """What is read of `Examples`, which see."""

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def columns(self) -> Mapping[str, Sequence]: ...

    @property
    def pictures(self) -> Sequence[str]: ...

    @property
    def masks(self) -> Mapping[str, Mapping]: ...


class Digest(Protocol):
    """What is used of hashlib's digests."""

    def update(self, content: bytes, /) -> None: ...


def fingerprint(labels: Mapping[str, Sequence[str]], splits: Mapping[str, Columns]) -> str:
    """Class names by feature and examples by split -> 64 hexadecimal digits.

    The order of the columns does not count, the order of the examples and the type of a value do.
    A picture or mask in a file counts by the file's size, one in memory by all its bytes. Raises
    TypeError if a column holds anything but numbers, text, bytes, and lists or arrays of them.
    """
    digest = hashlib.sha256()
    _add({feature: list(names) for feature, names in labels.items()}, digest)
    for split, examples in sorted(splits.items()):
        _add(split, digest)
        _add_examples(examples, digest)
    return digest.hexdigest()


def _add_examples(examples: Columns, digest: Digest) -> None:
    _add_column("names", examples.names, digest)
    _add(dict(examples.masks), digest)
    encoded = {*examples.pictures, *examples.masks}
    for name, values in sorted(examples.columns.items()):
        _add_column(name, list(map(_content, values)) if name in encoded else values, digest)


def _content(picture: bytes | str) -> bytes | int:
    """An encoded picture as it is, or the size of a file in bytes."""
    return picture if isinstance(picture, bytes) else os.path.getsize(picture)


def _add_column(name: str, values: Sequence, digest: Digest) -> None:
    _add([name, len(values)], digest)
    for start in range(0, len(values), BLOCK):
        _add(values[start : start + BLOCK], digest)


@functools.singledispatch
def _add(value: Any, digest: Digest) -> None:
    """Adds a value to the digest so that no other value adds the same bytes."""
    array = np.asarray(value)
    if not array.dtype.hasobject:
        _add_bytes(f"{array.dtype} {array.shape}", array.tobytes(), digest)
    elif array.ndim:
        _add(array.tolist(), digest)
    else:
        raise TypeError(f"a column holds numbers, text, bytes or arrays; got {type(value)}")


@_add.register(NoneType)
@_add.register(int)
@_add.register(float)
@_add.register(str)
def _add_plain(value: Any, digest: Digest) -> None:
    _add_bytes("plain", ascii(value).encode(), digest)


@_add.register(bytes)
def _add_encoded(value: bytes, digest: Digest) -> None:
    _add_bytes("bytes", value, digest)


@_add.register(list)
@_add.register(tuple)
def _add_list(values: Sequence, digest: Digest) -> None:
    if PLAIN.issuperset(map(type, values)):  # most are, and this is ten times as fast
        _add_plain(list(values), digest)
        return
    _add_bytes("list", str(len(values)).encode(), digest)
    for value in values:
        _add(value, digest)


@_add.register(Mapping)
def _add_mapping(values: Mapping, digest: Digest) -> None:
    _add_list(sorted(values.items(), key=ascii), digest)


_add.register(np.generic, _add.dispatch(object))  # np.float64 is a float, and no plain one


def _add_bytes(kind: str, content: bytes, digest: Digest) -> None:
    digest.update(f"{kind} {len(content)}\n".encode())
    digest.update(content)
