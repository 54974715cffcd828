"""Weights out of a GGUF file, the format of llama.cpp: plain values and tensors, read by NumPy."""

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.errors import PipelineError

MAGIC, VERSIONS = b"GGUF", (2, 3)
ALIGNMENT = 32  # of tensors, if the file says nothing
PLAIN = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q",
    12: "<d",
}  # fmt: skip  # kinds of a value, as the format numbers them
STRING, ARRAY = 8, 9
BLOCK = 32  # values of a quantised block
# Kind of a tensor: (its name, values of a block, bytes of it).
KINDS = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    3: ("Q4_1", BLOCK, 2 + 2 + BLOCK // 2),
    8: ("Q8_0", BLOCK, 2 + BLOCK),
}
MOST_AXES = 4
ERRORS = (OSError, ValueError, KeyError, TypeError, struct.error, MemoryError, OverflowError)


@dataclass(frozen=True)
class _Place:
    """A tensor as the file describes it: `shape` in NumPy's order, and which bytes hold it."""

    shape: tuple[int, ...]
    kind: str
    start: int
    stop: int


class File(Mapping[str, np.ndarray]):
    """{name: tensor, float32} of a GGUF file, each read when it is asked for, and its `metadata`.

    Raises PipelineError if the file is damaged or says what cannot be: nothing that it asks for is
    larger than the file itself, and nothing in it is run.
    """

    def __init__(self, path: Path | str):
        self.path = path
        try:
            self._content = np.memmap(path, np.uint8, "r")
            self.metadata, self._places = _described(self._content)
        except ERRORS as error:
            raise self.bad(f"is damaged ({' '.join(str(error).split())})") from error

    def bad(self, what: str) -> PipelineError:
        return PipelineError(
            f"{self.path} {what}: none of its weights were read. Install the package that it came"
            " with again, or name another GGUF file."
        )

    def shape(self, name: str) -> tuple[int, ...]:
        """Of a tensor, () if there is none."""
        return self._places[name].shape if name in self._places else ()

    def __getitem__(self, name: str) -> np.ndarray:
        place = self._places[name]
        found = UNPACKED[place.kind](self._content[place.start : place.stop])
        if not np.isfinite(found).all():
            raise self.bad(f"has numbers in {name} that are not finite")
        return found.reshape(place.shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class _Cursor:
    """Reads one value after the other, and none beyond the end."""

    def __init__(self, content: np.ndarray):
        self._content, self.at = content, 0

    def taken(self, size: int) -> bytes:
        if size > len(self._content) - self.at:
            raise ValueError("it ends too early")
        self.at += size
        return self._content[self.at - size : self.at].tobytes()

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.taken(struct.calcsize(form)))[0]

    def string(self) -> str:
        return self.taken(self.number("<Q")).decode("utf-8")

    def count(self) -> int:
        """How many things of a byte at least follow."""
        found = self.number("<Q")
        if found > len(self._content) - self.at:
            raise ValueError("it has fewer values than it says")
        return found

    def value(self, kind: int) -> Any:
        if kind == STRING:
            return self.string()
        if kind != ARRAY:
            return self.number(PLAIN[kind])
        inner = self.number("<I")
        if inner == ARRAY:
            raise ValueError("it has arrays of arrays")
        return [self.value(inner) for _ in range(self.count())]


def _described(content: np.ndarray) -> tuple[dict[str, Any], dict[str, _Place]]:
    """The values of a file, and the places of its tensors."""
    cursor = _Cursor(content)
    if cursor.taken(4) != MAGIC or cursor.number("<I") not in VERSIONS:
        raise ValueError("it is not in this format")
    tensors, values = cursor.count(), cursor.count()
    metadata = {}
    for _ in range(values):
        name = cursor.string()
        metadata[name] = cursor.value(cursor.number("<I"))
    given = [(cursor.string(), *_axes(cursor)) for _ in range(tensors)]
    step = metadata.get("general.alignment", ALIGNMENT)
    if type(step) is not int or not 0 < step <= 2**16:
        raise ValueError(f"its alignment is {step}")
    base = math.ceil(cursor.at / step) * step
    places = {name: _placed(base, *described) for name, *described in given}
    _check(places, len(given), len(content))
    return metadata, places


def _axes(cursor: _Cursor) -> tuple[tuple[int, ...], int, int]:
    """The shape of the next tensor, its kind, and where it begins behind the descriptions."""
    count = cursor.number("<I")
    if not 1 <= count <= MOST_AXES:
        raise ValueError(f"a tensor has {count} axes")
    shape = [cursor.number("<Q") for _ in range(count)]
    return tuple(shape[::-1]), cursor.number("<I"), cursor.number("<Q")


def _placed(base: int, shape: tuple[int, ...], kind: int, offset: int) -> _Place:
    if kind not in KINDS:
        known = ", ".join(name for name, _, _ in KINDS.values())
        raise ValueError(f"it has a tensor of kind {kind}, and {known} can be read")
    name, block, size = KINDS[kind]
    if not all(shape) or shape[-1] % block:
        raise ValueError(f"a tensor of kind {name} has the shape {shape}")
    start = base + offset
    return _Place(shape, name, start, start + math.prod(shape) // block * size)


def _check(places: Mapping[str, _Place], count: int, size: int) -> None:
    """Raises ValueError if tensors overlap, or reach beyond the end of the file."""
    if len(places) != count:
        raise ValueError("two tensors have one name")
    end = 0
    for place in sorted(places.values(), key=lambda place: place.start):
        if place.start < end or place.stop > size:
            raise ValueError("its tensors lie on each other or beyond its end")
        end = place.stop


def _q4_1(content: np.ndarray) -> np.ndarray:
    """Half bytes times a scale plus a least value, of each block; the low halves come first."""
    blocks = content.reshape(-1, KINDS[3][2])
    scale, least = (_halves(blocks[:, i : i + 2]) for i in (0, 2))
    whole = np.concatenate([blocks[:, 4:] & 15, blocks[:, 4:] >> 4], 1)
    return whole * scale + least


def _q8_0(content: np.ndarray) -> np.ndarray:
    """Signed bytes times a scale of each block."""
    blocks = content.reshape(-1, KINDS[8][2])
    return np.ascontiguousarray(blocks[:, 2:]).view(np.int8) * _halves(blocks[:, :2])


def _halves(content: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(content).view("<f2").astype(np.float32)


UNPACKED = {
    "F32": lambda content: np.frombuffer(content.tobytes(), "<f4"),
    "F16": _halves,
    "Q4_1": _q4_1,
    "Q8_0": _q8_0,
}
