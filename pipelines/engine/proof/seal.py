"""The checksums of a bundle: of each file, and of the manifest that holds them.

They find what was damaged, exchanged or added by chance. Whoever alters a bundle on purpose can
alter its checksums as well: what protects against that is a signature of manifest.json; see
`signing`.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipelines.engine.data import learned
from pipelines.engine.proof import kinds
from pipelines.errors import PipelineError
from pipelines.files import sha256, within, write_json
from pipelines.records import checked, read_json
from pipelines.shapes import ANY, NUMBER

MANIFEST = "manifest.json"
FORMAT = 2  # of a bundle's folder; 1 knew no methods
SHA = re.compile("[0-9a-f]{64}")
# What minisign, cosign and gpg write beside the manifest; whoever checks one needs its key.
SIGNATURE = re.compile(r"manifest\.json\.(?:minisig|sig|asc|sigstore\.json|bundle)")
COMPILED = re.compile(r"edge/__pycache__/(\w+)\.[a-z]+-?\d+(?:\.opt-[12])?\.pyc")
NAMES = {str: ANY}
SHAPE = {  # of the manifest; further names are let pass
    "name": str,
    "task": str,
    "method": str,
    "created": str,
    "labels": [str],
    "inputs": NAMES,
    "config": NAMES,
    "fitted?": str,
    "programs?": NAMES,
    "proof": {
        "data": str,
        "named": bool,
        "split": str,
        "examples": int,
        "max_drop": NUMBER,
        "score": str,
        "left_out?": [str],
        "doubts?": [str],
        "below_floor?": str,
    },
    "reference": NAMES,
    "unsupported": {str: str},
    "files": {
        str: {
            "path": str,
            "sha256": SHA,
            "size_bytes": int,
            "passed": bool,
            "reason": str,
            "metrics": NAMES,
            "max_difference?": NUMBER,
            "drop?": NUMBER,
            "worst_class?": str,
            "worst_class_drop?": NUMBER,
            "latency_ms?": {str: NUMBER},
        }
    },
    "sha256": {str: SHA},
}
LABELS = "labels.txt"  # of a bundle, and within a TFLite file


def read(folder: Path) -> dict:
    """The manifest of a bundle. Raises PipelineError if it is broken or of an earlier version."""
    file = folder / MANIFEST
    manifest = read_json(file, {"format?": ANY})
    if manifest.get("format") != FORMAT:
        raise PipelineError(
            f"{folder} was made by an earlier version of this package, which knew no methods. Its"
            " own predict.py still runs it; export the run again for the rest."
        )
    checked(file, manifest, SHAPE)
    for kind, record in manifest["files"].items():
        if record["path"] != kinds.KINDS.get(kind):
            raise PipelineError(
                f"{file} says that the file of {kind!r} is {record['path']!r}, and it is not."
                " Export the run again."
            )
    if not manifest["files"]:
        raise PipelineError(f"{file} lists no model. Export the run again.")
    return manifest


def matches(folder: Path, name: str, digest: str) -> bool:
    """Whether a file of a bundle is there and is what was sealed."""
    file = within(folder, name)
    return file.exists() and sha256(file) == digest


def require(folder: Path, manifest: Mapping, kind: str) -> Path:
    """The file of a kind. Raises PipelineError if it, or a list that was learned, is another
    one."""
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
    write_json(folder / MANIFEST, {**plain, "checksum": checksum_of(plain)})


def add(folder: Path, name: str) -> None:
    """Makes the file `name` of a bundle, new or changed, one of those that belong to it."""
    manifest = read_json(folder / MANIFEST, {"sha256": NAMES})
    manifest["sha256"] = {**manifest["sha256"], name: sha256(folder / name)}
    write(folder, manifest)


def broken(folder: Path, manifest: Mapping) -> list[str]:
    """What is not as it was sealed, a line each: files that differ, lack or were added."""
    wanted = {record["path"]: record["sha256"] for record in manifest["files"].values()}
    wanted |= manifest["sha256"]
    plain = {name: value for name, value in manifest.items() if name != "checksum"}
    found = []
    if manifest.get("checksum") != checksum_of(plain):
        found.append(f"{MANIFEST} was altered: its checksum differs")
    for name, digest in wanted.items():
        if not matches(folder, name, digest):
            found.append(f"{name} is not the file that was proven: its SHA-256 differs")
    found += [f"{name} does not belong to this bundle" for name in _added(folder, wanted)]
    return found + _contradictions(folder, manifest)


def compiled(folder: Path) -> list[str]:
    """Names of the files that Python has compiled in a bundle."""
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.pyc"))


def size(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(file.stat().st_size for file in files)


def _contradictions(folder: Path, manifest: Mapping) -> list[str]:
    """What the manifest says of files and is not so: sizes, verdicts, labels."""
    found, listed = [], folder / LABELS
    if listed.is_file() and _lines(listed) != manifest["labels"]:
        found.append(f"{LABELS} and {MANIFEST} name different labels")
    for record in manifest["files"].values():
        if (folder / record["path"]).exists():
            found += _contradicting(folder / record["path"], record, manifest["labels"])
    return found


def _contradicting(file: Path, record: Mapping, labels: list[str]) -> Iterator[str]:
    """Yields what the manifest says of one file and is not so."""
    if size(file) != record["size_bytes"]:
        yield f"{record['path']} has not the size that {MANIFEST} says"
    if record["reason"] or not record["passed"]:
        yield f"{record['path']} did not pass its proof, as {MANIFEST} says"
    if file.suffix == ".tflite" and _own_labels(file) != labels:
        yield f"{record['path']} and {MANIFEST} name different labels"


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]


def _own_labels(file: Path) -> list[str] | None:
    """The labels that a TFLite file has behind its model, as other programs read them."""
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.read(LABELS).decode("utf-8").split("\n")[:-1]
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, RuntimeError):
        return None


def _added(folder: Path, wanted: Mapping) -> list[str]:
    """Names of files, and of links to folders, that no record names.

    Python compiles the device half beside it if a program imports it; see docs/security.md.
    """
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    names = {path.relative_to(folder).as_posix() for path in found}
    folders = [f"{name}/" for name in wanted if (folder / name).is_dir()]
    others = names - {MANIFEST, *wanted} - set(filter(SIGNATURE.fullmatch, names))
    return [name for name in sorted(others) if not _belongs(name, folders, wanted)]


def _belongs(name: str, folders: list[str], wanted: Mapping) -> bool:
    """Whether a file that no record names lies in a folder that one names, or is Python's own."""
    return name.startswith(tuple(folders)) or _compiled(name, wanted)


def _compiled(name: str, wanted: Mapping) -> bool:
    """Whether a file is called as Python calls what it compiles of a module of the device half."""
    match = COMPILED.fullmatch(name)
    return bool(match) and f"edge/{match[1]}.py" in wanted


def _below(name: str, folders: list[str]) -> bool:
    return any(name.startswith(f"{folder}/") for folder in folders)


def checksum_of(manifest: Mapping) -> str:
    """SHA-256 of a manifest, whatever the order of its names."""
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
