"""Files of plain values, read with a check: JSON, YAML, tables and arrays of a run or a bundle.

What is damaged, too large, or another file than its name says is a PipelineError in one line that
names the file. Nothing in a file is executed.
"""

from __future__ import annotations

import csv
import json
import math
import stat
import tokenize
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

import numpy as np
import yaml

from pipelines import shapes
from pipelines.errors import PipelineError

MOST = 1 << 30  # bytes of a file of text; one that holds more is none of ours
DENSE = 200  # times that arrays may be larger than their file, if they are larger than FREE
FREE = 1 << 30  # bytes that arrays may have in any case
DIGITS = 100  # of a whole number; one of 309 is no floating-point number any more
RESTORE = "Restore the file from where it was made."
HEADERS = {  # of arrays, by the version of their form
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class Recorded(str):
    """A name that came out of a file, which no user has just typed: no code is imported by it."""


def read_text(path: Path | str) -> str:
    """A file of UTF-8. Raises PipelineError if it is none, or no file."""
    path = Path(path)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise PipelineError(f"{path} is not a file. {RESTORE}")
        if found.st_size > MOST:
            raise PipelineError(
                f"{path} has {found.st_size / MOST:.1f} GB; more than 1 GB is not read. {RESTORE}"
            )
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise PipelineError(f"cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise PipelineError(
            f"{path} is not UTF-8 ({error.reason} at byte {error.start}). {RESTORE}"
        ) from error


def read_json(path: Path | str, shape: Any = shapes.ANY) -> Any:
    """The JSON value in a file, which must be of `shape`; see `pipelines.shapes`.

    Raises PipelineError naming file and line if it is broken.
    """
    text = read_text(path)
    try:
        value = json.loads(text, parse_int=_whole)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # not of half a surrogate
    except ValueError as error:
        raise PipelineError(f"{path} is not valid JSON ({error}). {RESTORE}") from error
    except RecursionError as error:
        raise PipelineError(f"{path} is nested too deeply to be read. {RESTORE}") from error
    return checked(path, value, shape)


def _whole(digits: str) -> int:
    if len(digits) > DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)


def checked(path: Path | str, value: Any, shape: Any) -> Any:
    """`value` out of the file `path`. Raises PipelineError if it is not of `shape`."""
    wrong = shapes.misfit(value, shape)
    if wrong:
        raise PipelineError(f"{path} is not what it should be: {wrong}. {RESTORE}")
    return value


class _Plain(yaml.SafeLoader):
    """YAML without references, which let a short file stand for a huge one, and without twins."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="has a reference (*name)", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict:
        keys = [key.value for key, _ in node.value]
        twin = next((key for key in keys if keys.count(key) > 1), None)
        if twin is not None:
            raise yaml.MarkedYAMLError(
                problem=f"names {twin!r} twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep)


def read_yaml(path: Path | str) -> dict[str, Any]:
    """The mapping in a YAML file, by a safe loader. Raises PipelineError naming file and line."""
    try:
        value = yaml.load(read_text(path), _Plain)  # a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        why = f" ({error.problem})" if getattr(error, "problem", None) else ""
        raise PipelineError(
            f"{path}{line} is not plain YAML{why}. Use `name: value` lines only."
        ) from error
    except (ValueError, TypeError) as error:  # a date that is none, a number of 5,000 digits
        raise PipelineError(
            f"{path} holds a value that cannot be read: {error}. Put text in quotation marks."
        ) from error
    except RecursionError as error:
        raise PipelineError(f"{path} is nested too deeply to be read. {RESTORE}") from error
    if not isinstance(value, dict):
        raise PipelineError(f"{path} must hold `name: value` lines; got {type(value).__name__}.")
    odd = next((name for name in value if not isinstance(name, str)), None)
    if odd is not None:
        raise PipelineError(f"{path} names {odd!r}, which is no text. Put it in quotation marks.")
    return value


def read_rows(path: Path | str, words: Collection[str] = ()) -> list[dict[str, str]]:
    """The rows of a table with a header, as text.

    words: columns that may hold any text; in others, a cell is a number or empty. Raises
    PipelineError if a row has other cells.
    """
    try:
        rows = list(csv.DictReader(read_text(path).splitlines(keepends=True)))
    except csv.Error as error:
        raise PipelineError(f"{path} is not a table ({error}). {RESTORE}") from error
    for row in rows:
        _check_row(path, row, words)
    return rows


def _check_row(path: Path | str, row: dict[str, str], words: Collection[str]) -> None:
    """Raises PipelineError if a row has other cells than its header, or text for a number."""
    if None in row or None in row.values():
        raise PipelineError(f"{path} has a row with other cells than its header. {RESTORE}")
    for name, text in row.items():
        if text and name not in words and not _is_number(text):
            raise PipelineError(f"{path}: {name} must be a number; it is {text!r}. {RESTORE}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_arrays(path: Path | str) -> dict[str, np.ndarray]:
    """{name: array} of an .npz file, or of one .npy file under its stem. Pickles are refused."""
    path = Path(path)
    try:
        with open(path, "rb") as stream:
            if not stat.S_ISREG(path.stat().st_mode):
                raise ValueError("it is no file")
            if path.suffix == ".npy":
                return {path.stem: _array(stream, path.stat().st_size)}
            return _archived(stream, path.stat().st_size)
    except (OSError, ValueError, KeyError, EOFError, TypeError, SyntaxError) as error:
        raise PipelineError(f"{path} is damaged ({_line(error)}). {RESTORE}") from error
    except (zipfile.BadZipFile, zlib.error, RuntimeError, tokenize.TokenError) as error:
        raise PipelineError(f"{path} is damaged ({_line(error)}). {RESTORE}") from error
    except MemoryError as error:
        raise PipelineError(f"{path} holds more than the memory does. {RESTORE}") from error


def small_archive(archive: zipfile.ZipFile, length: int) -> None:
    """Raises ValueError if what an archive of `length` bytes holds is out of all proportion."""
    total = sum(info.file_size for info in archive.infolist())
    if total > max(FREE, DENSE * length):
        raise ValueError(f"its {length:,} bytes would become {total:,}")


def _archived(stream: IO[bytes], length: int) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(stream) as archive:
        small_archive(archive, length)
        found = {}
        for info in archive.infolist():
            with archive.open(info) as inner:
                found[info.filename.removesuffix(".npy")] = _array(inner, info.file_size)
        return found


def _array(stream: IO[bytes], length: int) -> np.ndarray:
    """An array in NumPy's form, of which `length` bytes are left; none is made before they fit."""
    version = np.lib.format.read_magic(stream)
    if version not in HEADERS:
        raise ValueError(f"form {version[0]}.{version[1]} of arrays is not known")
    shape, by_column, dtype = HEADERS[version](stream)
    if dtype.hasobject:
        raise ValueError("it holds objects, which are not read")
    wanted = math.prod(shape) * dtype.itemsize
    if wanted > length:
        raise ValueError(f"an array of {wanted:,} bytes in a file of {length:,}")
    content = stream.read(wanted)
    if len(content) != wanted:
        raise ValueError("it ends too early")
    if stream.read(1):
        raise ValueError("something follows its array")
    values = np.frombuffer(bytearray(content), dtype)
    return values.reshape(shape, order="F" if by_column else "C")


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
