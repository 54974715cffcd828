"""Files that appear whole or not at all."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pipelines.errors import PipelineError, Refused

SCRATCH = re.compile(r"\..+\.[a-z0-9_]{8}")  # names that tempfile makes of `appearing`'s prefix


def in_bytes(text: str | float, name: str) -> float:
    """Bytes of a size such as 500KB or 1.5 MB, a setting called `name`; K is 1024."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?)B?\s*", str(text), re.IGNORECASE)
    if not match or not float(match[1]):
        raise PipelineError(
            f"{name} must be a number of bytes, KB or MB above 0; got {text!r}. Try 500KB."
        )
    return float(match[1]) * 1024 ** ("", "K", "M", "G").index(match[2].upper())


@contextlib.contextmanager
def appearing(path: Path | str) -> Iterator[Path]:
    """Yields a path next to `path` to write to; on success it is renamed, on failure removed.

    Works for a file and for a folder. Raises PipelineError if the disk is full or the place cannot
    be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        held = _hold(scratch)
    except OSError as error:
        raise PipelineError(_cannot_write(path, error)) from error
    try:
        part = scratch / path.name
        yield part
        if part.is_file():
            with open(part, "rb+") as file:
                os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise PipelineError(_cannot_write(path, error)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        os.close(held)


def _cannot_write(path: Path, error: OSError) -> str:
    return (
        f"cannot write {path}: {error.strerror or error}. Free some space or choose a folder that"
        " you may write to."
    )


def within(root: Path | str, name: str) -> Path:
    """The path of `name` below `root`. Raises PipelineError if it leads out, by a link as well."""
    folder = Path(root).resolve()
    whole = "\0" not in str(name)
    path = (folder / str(name)).resolve() if whole else folder.parent
    if not path.is_relative_to(folder):
        raise PipelineError(
            f"{root} names {name!r}, which leads out of it. Do not use this folder."
        )
    return path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Within it, this process alone has the file `path`, in which its number stands.

    The system lets go of it when the process ends, however it ends. Raises Refused if another
    process has it.
    """
    import fcntl

    with open(path, "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            owner = file.read().strip() or "another process"
            raise Refused(
                f"{path.parent} is in use by process {owner}. Wait for it, or stop it first."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def sweep(folder: Path) -> None:
    """Removes what `appearing` left behind in a folder when its process was killed."""
    for path in folder.rglob(".*"):
        _remove_if_stale(path)


def sweep_beside(path: Path | str) -> None:
    """Removes what was to become `path`, left behind by processes that were killed."""
    path = Path(path)
    if path.parent.is_dir():
        for other in path.parent.iterdir():
            if other.name.startswith(f".{path.name}."):
                _remove_if_stale(other)


def _remove_if_stale(path: Path) -> None:
    """Removes a folder of `appearing` that no process holds."""
    if not (SCRATCH.fullmatch(path.name) and path.is_dir()):
        return
    try:
        os.close(_hold(path))
    except OSError:
        return
    shutil.rmtree(path, ignore_errors=True)


def _hold(folder: Path) -> int:
    """A descriptor of a folder that this process alone holds, until it is closed or ends.

    Raises OSError if another process holds it.
    """
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def write_text(path: Path | str, text: str) -> None:
    with appearing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_bytes(path: Path | str, data: bytes) -> None:
    with appearing(path) as part:
        part.write_bytes(data)


def write_json(path: Path | str, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def in_cell(value: Any) -> str:
    """A value as it stands in a table: no spreadsheet takes a text for a formula."""
    if isinstance(value, float):
        return f"{value:.9g}"
    text = "" if value is None else str(value)
    is_formula = isinstance(value, str) and text.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{text}" if is_formula else text


def write_yaml(path: Path | str, value: Any) -> None:
    write_text(path, yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def sha256(path: Path | str) -> str:
    """SHA-256 of a file, or of a folder's files in the order of their names, hexadecimal digits."""
    path = Path(path)
    if path.is_file():
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file():
            digest.update(file.relative_to(path).as_posix().encode() + b"\0")
            _add(file, digest)
    return digest.hexdigest()


def _add(file: Path, digest: Any) -> None:
    """The file's content into a hash of hashlib's, a piece at a time."""
    with open(file, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
