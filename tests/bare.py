"""An environment with nothing but NumPy, Pillow and ai-edge-litert, for tests of what a bundle does on a device."""

import json
import os
import shutil
import subprocess
import tempfile
import venv
from pathlib import Path

import numpy as np
import pytest
from browser import assert_close
from conftest import once
from PIL import Image

PACKAGES = ("numpy", "pillow", "ai-edge-litert")  # as predict.py asks for them
FOREIGN = (
    "import importlib.util as u; print([n for n in ('tensorflow', 'keras', 'pipelines', 'scipy') if"
    " u.find_spec(n)])"
)
CLEAN = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def python():
    """The Python of that environment, made once for all workers; tests are skipped where no package can be had."""
    return once("bare", _make) / "bin/python"


def _make(folder):
    venv.create(folder, with_pip=True)
    command = [
        folder / "bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        *PACKAGES,
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=CLEAN)
    if done.returncode:
        pytest.skip(
            f"pip cannot install {', '.join(PACKAGES)}: {done.stderr.strip().splitlines()[-1]}"
        )
    done = subprocess.run(
        [folder / "bin/python", "-c", FOREIGN],
        cwd=folder,
        capture_output=True,
        text=True,
        env=CLEAN,
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


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
