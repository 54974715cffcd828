"""The Colab notebook, cell by cell, on four devices made of this machine's processors instead of a TPU."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT


@pytest.mark.slow
def test_the_tpu_notebook_runs_from_top_to_bottom(tmp_path):
    pytest.importorskip("jax")
    notebook = nbformat.read(ROOT / "docs" / "colab_tpu.ipynb", as_version=4)
    settings = next(cell for cell in notebook.cells if cell.source.startswith("TASK, DATA"))
    assert "epochs=12" in settings.source
    settings.source = settings.source.replace("epochs=12", "epochs=2").replace(
        "64 * DEVICES", "16 * DEVICES"
    )
    nbformat.write(notebook, tmp_path / "tpu.ipynb")
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    command = [sys.executable, "-m", "jupyter", "execute", "--output", "done.ipynb", "tpu.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    cells = nbformat.read(tmp_path / "done.ipynb", as_version=4).cells
    said = [
        "".join(o.get("text", "") + str(o.get("data", "")) for o in c.get("outputs", ()))
        for c in cells
    ]
    assert said[3].startswith("4 cpu")
    assert "ok\tstep\tXLA compiles it" in said[7]
    assert "ok    model_int8.tflite" in said[11]  # of `verify`
    shutil.unpack_archive(tmp_path / "tpu.zip", tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / "model.tflite").is_file()
