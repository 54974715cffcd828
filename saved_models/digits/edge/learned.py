"""What a model took from its training data, such as a vocabulary: one text file a list."""

import hashlib
from os import PathLike
from pathlib import Path


def read(folder: str | PathLike, digests: dict[str, str] | None = None) -> dict[str, list[str]]:
    """Folder of text files -> {file's stem: list of its lines}; empty if there is no folder.

    digests: {file name: SHA-256}, if it is known what the files must be. Raises ValueError in one
    line if one is missing, another than it should be, or not UTF-8.
    """
    folder = Path(folder)
    if digests is None:
        return {file.stem: _lines(file) for file in sorted(folder.glob("*.txt"))}
    return {Path(name).stem: _lines(folder / name, digests[name]) for name in sorted(digests)}


def _lines(file: Path, digest: str | None = None) -> list[str]:
    shown = f"{file.parent.name}/{file.name}"
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ValueError(
            f"cannot read {shown}: {error.strerror}. Export the model again"
        ) from error
    if digest and hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(
            f"{shown} does not belong to this model: its SHA-256 differs. Export the model again"
        )
    try:
        return content.decode("utf-8").split("\n")[:-1]
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{shown} is not UTF-8. Restore the file from where it was made"
        ) from error
