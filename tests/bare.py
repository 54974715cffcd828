"""An environment with nothing but NumPy, Pillow and ai-edge-litert, for tests of what a bundle does on a device.

Its packages are links to the files of those that are installed here: no network, no minute of pip.
"""

import json
import os
import shutil
import subprocess
import tempfile
import venv
from importlib import metadata
from pathlib import Path

import numpy as np
from browser import assert_close
from conftest import once
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

PACKAGES = ("numpy", "pillow", "ai-edge-litert")  # as predict.py asks for them
FOREIGN = (
    "import importlib.util as u; print([n for n in ('tensorflow', 'keras', 'pipelines', 'scipy') if"
    " u.find_spec(n)])"
)
CLEAN = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def python():
    """The Python of that environment, made once for all workers."""
    return once("bare", _make) / "bin/python"


def _make(folder):
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for package in _needed(PACKAGES):
        for file in metadata.files(package):
            if ".." not in file.parts:  # as commands are
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                (site / file).symlink_to(file.locate())
    command = [folder / "bin/python", "-c", FOREIGN]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=CLEAN)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def _needed(packages):
    """Names of packages and of all that these ask for, as pip finds them."""
    found, waiting = set(), list(packages)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            asked = map(Requirement, metadata.requires(name) or ())
            waiting += [a.name for a in asked if not a.marker or a.marker.evaluate({"extra": ""})]
            found.add(name)
    return found


def agrees(bundle, sources):
    """Asserts that every TFLite file of a bundle answers there what `pipelines predict` answers
    here.

    bundle: a Bundle; sources: paths of pictures, or text. A copy of the bundle is asked, so that no
        path leads here.
    """
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        shutil.copytree(bundle.path, scratch / "bundle")
        for kind in bundle.files.keys() - {"saved_model"}:
            ours = bundle.predict(sources, scratch / "ours" / kind, kind)
            command = [
                python(),
                "predict.py",
                "--json",
                "--file",
                kind,
                "--out",
                scratch / "theirs" / kind,
                *sources,
            ]
            done = subprocess.run(
                command,
                cwd=scratch / "bundle",
                capture_output=True,
                text=True,
                encoding="utf-8",
                env=CLEAN,
            )
            assert done.returncode == 0, done.stderr
            assert_close(
                json.loads(done.stdout.splitlines()[-1])["predictions"],
                json.loads(json.dumps(ours)),
            )
            names = [
                {path.name for path in (scratch / who / kind).iterdir()}
                for who in ("ours", "theirs")
            ]
            assert names[0] == names[1]
            for path in (scratch / "ours" / kind).glob("*.png"):
                with (
                    Image.open(path) as one,
                    Image.open(scratch / "theirs" / kind / path.name) as other,
                ):
                    np.testing.assert_allclose(np.asarray(one, int), np.asarray(other, int), atol=1)
