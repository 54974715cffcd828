"""The checksums of a bundle: of each file, and of the manifest that holds them.

They find what was damaged, exchanged or added by chance. Whoever alters a bundle on purpose can
alter its checksums as well: what protects against that is a signature from outside, over
manifest.json.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pipelines.engine.data import learned
from pipelines.errors import PipelineError
from pipelines.files import read_json, sha256, within, write_json

MANIFEST = "manifest.json"
FORMAT = 2  # of a bundle's folder; 1 knew no methods


def read(folder: Path) -> dict:
    """The manifest of a bundle. Raises PipelineError if it is broken or of an earlier version."""
    manifest = read_json(folder / MANIFEST)
    if manifest.get("format") != FORMAT:
        raise PipelineError(
            f"{folder} was made by an earlier version of this package, which knew no methods. Its"
            " own predict.py still runs it; export the run again for the rest."
        )
    return manifest


def matches(folder: Path, name: str, digest: str) -> bool:
    """Whether a file of a bundle is there and is what was sealed."""
    file = within(folder, name)
    return file.exists() and sha256(file) == digest


def require(folder: Path, manifest: Mapping, kind: str) -> Path:
    """The file of a kind. Raises PipelineError if it, or a list that was learned, is another one."""
    record = manifest["files"][kind]
    wanted = {record["path"]: record["sha256"]}
    for name, digest in manifest["sha256"].items():
        if Path(name).parent.name == learned.FOLDER:
            wanted[name] = digest
    for name, digest in wanted.items():
        if not matches(folder, name, digest):
            raise PipelineError(
                f"{folder / name} does not belong to this model: its SHA-256 differs. Export the"
                " run again."
            )
    return folder / record["path"]


def write(folder: Path, manifest: Mapping) -> None:
    """Writes the manifest with a checksum over all else that stands in it."""
    plain = {name: value for name, value in manifest.items() if name != "checksum"}
    write_json(folder / MANIFEST, {**plain, "checksum": _digest(plain)})


def add(folder: Path, name: str) -> None:
    """Makes the file `name` of a bundle, new or changed, one of those that belong to it."""
    manifest = read_json(folder / MANIFEST)
    manifest["sha256"] = {**manifest["sha256"], name: sha256(folder / name)}
    write(folder, manifest)


def broken(folder: Path, manifest: Mapping) -> list[str]:
    """What is not as it was sealed, a line each: files that differ, lack or were added."""
    wanted = {record["path"]: record["sha256"] for record in manifest["files"].values()}
    wanted |= manifest["sha256"]
    plain = {name: value for name, value in manifest.items() if name != "checksum"}
    found = []
    if manifest.get("checksum") != _digest(plain):
        found.append(f"{MANIFEST} was altered: its checksum differs")
    for name, digest in wanted.items():
        if not matches(folder, name, digest):
            found.append(f"{name} is not the file that was proven: its SHA-256 differs")
    found += [f"{name} does not belong to this bundle" for name in _added(folder, wanted)]
    return found


def _added(folder: Path, wanted: Mapping) -> list[str]:
    """Names of files that no record names."""
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    own = {MANIFEST, *wanted}
    added = sorted(names - own)
    folders = [name for name in wanted if (folder / name).is_dir()]
    return [name for name in added if not _below(name, folders) and "__pycache__" not in name]


def _below(name: str, folders: list[str]) -> bool:
    return any(name.startswith(f"{folder}/") for folder in folders)


def _digest(manifest: Mapping) -> str:
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
