"""One file of the IDX format: big-endian sizes, and then bytes; as it is, or in gzip.

The format is described at <http://yann.lecun.com/exdb/mnist/>: two zero bytes, the type of the
numbers, how many sizes there are, each size in four bytes, and the numbers.
"""

import gzip
import math
import struct
import typing
import zlib
from pathlib import Path
from typing import IO

import numpy as np

from pipelines.errors import PipelineError

BYTES = 0x08  # the type of unsigned bytes
MOST = 1 << 30  # bytes of numbers; all of EMNIST are 0.64 GB
MOST_EXAMPLES = 5_000_000  # of a file; EMNIST has 814,255
RESTORE = "Download the file again."


def read(path: Path, axes: int) -> np.ndarray:
    """The numbers of a file, uint8, which has so many axes. No more is read than its sizes say.

    Raises PipelineError if it is damaged, of another type, or too large.
    """
    try:
        with _opened(path) as file:
            shape = _shape(path, file, axes)
            count = math.prod(shape)
            content = file.read(count + 1)  # one more tells whether something follows
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise PipelineError(f"{path} is damaged: {error}. {RESTORE}") from error
    if len(content) != count:
        got = "more" if len(content) > count else f"{len(content):,}"
        raise PipelineError(
            f"{path} must hold {' x '.join(map(str, shape))} = {count:,} bytes after its header; it"
            f" holds {got}. {RESTORE}"
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


def _opened(path: Path) -> IO[bytes]:
    if path.suffix.lower() == ".gz":
        return typing.cast(IO[bytes], gzip.open(path, "rb"))
    return open(path, "rb")


def _shape(path: Path, file: IO[bytes], axes: int) -> tuple[int, ...]:
    header = file.read(4 + 4 * axes)
    expected = bytes((0, 0, BYTES, axes))
    if header[:4] != expected:
        raise PipelineError(
            f"{path} must begin with the bytes {expected.hex(' ')}, as an IDX file of {axes}"
            f" {'axis' if axes == 1 else 'axes'} does; it begins with"
            f" {header[:4].hex(' ') or 'nothing'}. {RESTORE}"
        )
    if len(header) < 4 + 4 * axes:
        raise PipelineError(f"{path} ends within its header. {RESTORE}")
    shape = struct.unpack(f">{axes}I", header[4:])
    if 0 in shape or math.prod(shape) > MOST or shape[0] > MOST_EXAMPLES:
        sizes = " x ".join(map(str, shape))
        raise PipelineError(
            f"{path} says that it holds {sizes} bytes; 1 to {MOST_EXAMPLES:,} examples of at most"
            f" {MOST:,} bytes in all are read. {RESTORE}"
        )
    return shape
