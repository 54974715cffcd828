"""Hugging Face's cache: datasets--USER--NAME/snapshots/REVISION/ holds links to files in blobs/.

A link from a snapshot to a blob of the same data set does not leave what was downloaded together.
"""

import re
from pathlib import Path

REPOSITORY = re.compile(r"(?:datasets|models|spaces)--.+")
SNAPSHOTS, BLOBS = "snapshots", "blobs"
BLOB = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")  # called by its SHA-1 or SHA-256


def holds(root: Path, target: Path) -> bool:
    """Whether `target`, links resolved, is a blob of the snapshot that `root` is or lies in."""
    return bool(BLOB.fullmatch(target.name)) and target.parent in map(_blobs, (root, *root.parents))


def _blobs(folder: Path) -> Path | None:
    """The folder of blobs if `folder` is a snapshot."""
    repository = folder.parent.parent
    is_one = folder.parent.name == SNAPSHOTS and REPOSITORY.fullmatch(repository.name)
    return repository / BLOBS if is_one else None


def placed(path: str | Path) -> Path:
    """The absolute path of a file or folder; a link of a snapshot stays in its snapshot."""
    path = Path(path)
    target, own = path.resolve(), path.parent.resolve() / path.name
    return own if own.is_file() and holds(own.parent, target) else target
