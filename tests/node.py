"""JavaScript of the page, run by Node."""

import json
import shutil
import subprocess

import pytest

from pipelines.engine.serving import web


def said(script, given=None):
    """What a module prints that is run in the folder of the page's; JSON of `given` is its standard
    input. Skips the test if Node is not installed."""
    node = shutil.which("node") or pytest.skip("needs node")
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], cwd=web.SOURCE, text=True,
        input=json.dumps(given), capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def found(script, given=None):
    """The same of a module that prints JSON."""
    return json.loads(said(script, given))
