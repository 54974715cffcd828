"""The signature of a bundle: who vouches for its manifest, which has the checksums of all else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pipelines.engine.proof import minisign, seal
from pipelines.errors import PipelineError

NAME = seal.MANIFEST + minisign.SUFFIX


def sign(folder: Path, key: str | Path) -> Path:
    """Signs the manifest of a bundle with the secret key in a file -> the signature's path.

    Raises PipelineError if the bundle is not as it was sealed, or if the key lies in it.
    """
    secret = minisign.secret_key(key)
    refuse_inside(folder, key)
    refuse_broken(folder)
    return minisign.sign(folder / seal.MANIFEST, secret)


def refuse_broken(folder: Path) -> None:
    """Raises PipelineError if a bundle is not as it was sealed."""
    broken = seal.broken(folder, seal.read(folder))
    if broken:
        raise PipelineError(f"{folder} is not signed: {broken[0]}. Export the run again.")


def refuse_inside(folder: Path, key: str | Path) -> None:
    """Raises PipelineError if a secret key lies in the bundle, or is to be made there."""
    if Path(key).resolve().is_relative_to(folder.resolve()):
        raise PipelineError(
            f"the secret key {key} lies in the bundle. Keep it elsewhere, and make another if"
            " anyone has had the bundle with it."
        )


def doubts(folder: Path, manifest: Mapping, key: str | Path) -> tuple[str, list[str]]:
    """(name of the key, why the bundle is not what it has signed, a line each).

    manifest: as it was read, which has to be what the signature is of. Python's compiled files,
    which no checksum covers, are named as well.
    """
    public = minisign.public_key(key)
    content = (folder / seal.MANIFEST).read_bytes()
    try:
        minisign.check(content, folder / NAME, public)
    except minisign.Unsigned as error:
        return public.name, [str(error)]
    found = [f"{name} is covered by no signature" for name in seal.compiled(folder)]
    if seal.checksum_of(json.loads(content)) != seal.checksum_of(manifest):
        found.append(f"{seal.MANIFEST} has changed since it was read")
    return public.name, found
